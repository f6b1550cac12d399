#include "base/trace_context.hpp"

#include "base/hex.hpp"

#include <algorithm>
#include <span>

namespace exchange {
namespace {

constexpr std::string_view version = "00-";
constexpr std::size_t length = 55;
constexpr std::uint8_t sampled_flag = 0x01;

// The standard knows lower case only.
bool is_lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out)
{
    return std::ranges::all_of(text, is_lower_hex) && from_hex(text, out);
}

bool is_zero(std::span<const std::uint8_t> bytes)
{
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value)
{
    if (value.size() != length || !value.starts_with(version) || value[35] != '-' ||
        value[52] != '-')
        return std::nullopt;
    TraceContext context;
    std::array<std::uint8_t, 1> flags{};
    if (!read_hex(value.substr(3, 32), context.trace) || is_zero(context.trace) ||
        !read_hex(value.substr(36, 16), context.span) || is_zero(context.span) ||
        !read_hex(value.substr(53), flags))
        return std::nullopt;
    context.sampled = (flags[0] & sampled_flag) != 0;
    return context;
}

std::string render_traceparent(const TraceContext& context)
{
    std::string text{version};
    text.reserve(length);
    text.append(to_hex(context.trace)).append("-").append(to_hex(context.span));
    text.append(context.sampled ? "-01" : "-00");
    return text;
}

}  // namespace exchange
