#pragma once

#include "pg/params.hpp"
#include "pg/statement.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// The statements that one session of the server knows by name.
namespace exchange::pg {

class PreparedStatements {
public:
    // Whether the server knows it. The name known with another text or other types throws
    // std::logic_error: the server would run the wrong statement, or misread the values.
    bool knows(const Statement& statement, const Params& params) const;
    // Once the server has confirmed it. It stays known when the transaction rolls back.
    void add(const Statement& statement, const Params& params);

private:
    struct Known {
        std::string text;
        std::vector<unsigned> types;
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, Known, Hash, std::equal_to<>> known_;
};

}  // namespace exchange::pg
