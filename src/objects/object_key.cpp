#include "objects/object_key.hpp"

#include <algorithm>

namespace exchange::objects {
namespace {

constexpr std::size_t key_bytes_max = 1024;

bool is_part(std::string_view part)
{
    return !part.empty() && part != "." && part != ".." && !is_unfinished(part);
}

}  // namespace

bool is_unfinished(std::string_view file_name)
{
    return file_name.starts_with(".put-");
}

bool is_object_key(std::string_view key)
{
    if (key.size() > key_bytes_max) return false;
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    if (std::ranges::any_of(key, is_control)) return false;
    for (;;) {
        const std::size_t slash = key.find('/');
        if (!is_part(key.substr(0, slash))) return false;
        if (slash == key.npos) return true;
        key.remove_prefix(slash + 1);
    }
}

}  // namespace exchange::objects
