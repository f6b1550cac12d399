#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// The members of one JSON object, as far as tokens need them.
namespace exchange::auth {

// Anything else than an integer, a string or an array of strings: present, but of no use.
struct OtherValue {};
using FlatValue = std::variant<OtherValue, std::int64_t, std::string, std::vector<std::string>>;

class FlatObject {
public:
    // Nothing when `text` is not one JSON object, or names a member twice: two readers of such a
    // token could see two different claims.
    static std::optional<FlatObject> parse(std::string_view text);

    // Null when there is no such member.
    const FlatValue* find(std::string_view name) const;

private:
    std::vector<std::pair<std::string, FlatValue>> members_;
};

}  // namespace exchange::auth
