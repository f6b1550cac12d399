#include "record/field_rules.hpp"

#include "base/trace_context.hpp"
#include "record/submission.hpp"

#include <algorithm>
#include <chrono>

namespace exchange::record {
namespace {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr bool is_visible(char c)
{
    return c > ' ' && c <= '~';
}
constexpr bool is_source_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

bool visible_of_length(std::string_view text, std::size_t least, std::size_t most)
{
    return text.size() >= least && text.size() <= most && std::ranges::all_of(text, is_visible);
}

// True when `text` has the shape of `pattern`, in which '0' stands for any digit.
bool has_shape(std::string_view text, std::string_view pattern)
{
    return std::ranges::equal(text, pattern, [](char have, char want) {
        return want == '0' ? is_digit(have) : have == want;
    });
}

unsigned number(std::string_view digits)
{
    unsigned value = 0;
    for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
    return value;
}

// Takes the first code point off `text`, which must be well-formed UTF-8 and not empty.
char32_t take_code_point(std::string_view& text)
{
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length && i < text.size(); ++i)
        point = (point << 6) | (static_cast<unsigned char>(text[i]) & 0x3fu);
    text.remove_prefix(std::min(length, text.size()));
    return point;
}

bool is_control(char32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

// Unicode's White_Space, less the control characters.
bool is_blank(char32_t point)
{
    return point == ' ' || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

}  // namespace

bool valid_person_name(std::string_view name)
{
    constexpr std::size_t characters_max = 200;
    std::size_t characters = 0;
    bool blank = true;
    while (!name.empty()) {
        const char32_t point = take_code_point(name);
        if (is_control(point) || ++characters > characters_max) return false;
        blank = blank && is_blank(point);
    }
    return !blank;
}

bool valid_birth_date(std::string_view date)
{
    using namespace std::chrono;
    if (!has_shape(date, "0000-00-00")) return false;
    const unsigned of_year = number(date.substr(0, 4));
    if (of_year < 1850 || of_year > 2199) return false;
    return year_month_day{year{static_cast<int>(of_year)}, month{number(date.substr(5, 2))},
                          day{number(date.substr(8, 2))}}
        .ok();
}

bool valid_ssn(std::string_view ssn)
{
    return has_shape(ssn, "000000000") || has_shape(ssn, "000-00-0000");
}

bool valid_source(std::string_view source)
{
    return !source.empty() && source.size() <= 128 &&
           std::ranges::all_of(source, is_source_character);
}

bool valid_idempotency_key(std::string_view key)
{
    return visible_of_length(key, 8, 255);
}

bool valid_correlation_id(std::string_view id)
{
    return visible_of_length(id, 8, 128);
}

bool valid_traceparent(std::string_view value)
{
    return parse_traceparent(value).has_value();
}

}  // namespace exchange::record
