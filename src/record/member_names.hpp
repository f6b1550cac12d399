#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Finds members that an object names twice, for every object that is open while a text is read.
//
// Small objects are searched as they grow. A large one is sorted once when it closes, so its cost
// is n log n whatever names a sender picks; a hash table would need a secret to promise that.
// Memory is the names of the objects that are open, plus 16 bytes each.
namespace exchange::record {

class MemberNames {
public:
    void open_object();

    // `serial` says where the name stands; serials rise. True when it is a repetition that is known
    // at once; repetitions in a large object are told by `close_object`.
    bool add(std::string_view name, std::uint32_t serial);

    // The serials of the repetitions in the innermost object that `add` has not told, rising.
    std::vector<std::uint32_t> close_object();

private:
    struct Entry {
        std::uint32_t hash;
        std::uint32_t at;
        std::uint32_t length;
        std::uint32_t serial;
    };
    struct Scope {
        std::size_t first_entry;
        std::size_t text_size;
    };

    std::string_view name_of(const Entry& entry) const;

    std::vector<Entry> entries_;
    std::vector<Scope> scopes_;
    std::string text_;
};

}  // namespace exchange::record
