#include "reconcile/object_name.hpp"

#include <algorithm>
#include <charconv>

namespace exchange::reconcile {
namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

// Takes `digits` digits (0: as many as there are) from the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t digits)
{
    const auto end = std::ranges::find_if_not(text, is_digit);
    const auto found = static_cast<std::size_t>(end - text.begin());
    if (found == 0 || (digits != 0 && found != digits)) return std::nullopt;
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + found, value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(found);
    return value;
}

bool take(std::string_view& text, char c)
{
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<ObjectName> parse_object_name(std::string_view key)
{
    constexpr std::size_t digest = 64;
    if (!key.starts_with(bundles_prefix)) return std::nullopt;
    key.remove_prefix(bundles_prefix.size());
    const auto lane = take_number(key, 2);
    if (!lane || !take(key, '/')) return std::nullopt;
    const auto first = take_number(key, 19);
    if (!first || !take(key, '-')) return std::nullopt;
    const auto last = take_number(key, 0);
    if (!last || *last < *first || !take(key, '-')) return std::nullopt;
    // What is left: source, '-', digest.
    if (key.size() < digest + 2 || key[key.size() - digest - 1] != '-') return std::nullopt;
    if (!std::ranges::all_of(key.substr(key.size() - digest), is_hex)) return std::nullopt;
    ObjectName name;
    name.lane = LaneId{static_cast<std::int16_t>(*lane)};
    name.first_id = *first;
    return name;
}

}  // namespace exchange::reconcile
