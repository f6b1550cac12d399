#include "objects/s3_list.hpp"

#include "objects/xml.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace exchange::objects {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number& out)
{
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc{} && stop == end;
}

bool parse_digits(std::string_view text, int& out)
{
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) &&
           parse_number(text, out);
}

struct DateTime {
    int year = 0;
    unsigned month = 0;
    int day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<std::int64_t> unix_ms(const DateTime& t)
{
    using namespace std::chrono;
    const year_month_day date{year{t.year}, month{t.month}, day{static_cast<unsigned>(t.day)}};
    if (!date.ok() || t.hour > 23 || t.minute > 59 || t.second > 60) return std::nullopt;
    const auto moment = sys_days{date} + hours{t.hour} + minutes{t.minute} + seconds{t.second};
    return duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

bool parse_clock(std::string_view text, DateTime& t)
{
    return text.size() == 8 && text[2] == ':' && text[5] == ':' &&
           parse_digits(text.substr(0, 2), t.hour) && parse_digits(text.substr(3, 2), t.minute) &&
           parse_digits(text.substr(6, 2), t.second);
}

// With encoding-type=url, S3 writes keys as a form does: '+' is a blank.
bool form_decode(std::string_view text, std::string& out)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        unsigned char byte = 0;
        const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
        const char* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, byte, 16);
        if (digits.size() != 2 || error != std::errc{} || stop != end) return false;
        out += static_cast<char>(byte);
        i += 2;
    }
    return true;
}

bool read_object(const XmlElement& element, bool encoded, ObjectInfo& out)
{
    const std::string_view key = element.child_text("Key");
    const auto modified = parse_iso_time_ms(element.child_text("LastModified"));
    if (key.empty() || !modified || !parse_number(element.child_text("Size"), out.size))
        return false;
    out.modified_unix_ms = *modified;
    if (encoded) return form_decode(key, out.key);
    out.key = key;
    return true;
}

}  // namespace

std::optional<ListPage> parse_list_page(std::string_view body)
{
    const std::optional<XmlElement> root = parse_xml(body);
    if (!root || root->name != "ListBucketResult") return std::nullopt;
    const bool encoded = root->child_text("EncodingType") == "url";
    ListPage page;
    page.truncated = root->child_text("IsTruncated") == "true";
    for (const XmlElement& element : root->children) {
        if (element.name != "Contents") continue;
        if (!read_object(element, encoded, page.objects.emplace_back())) return std::nullopt;
    }
    return page;
}

std::optional<std::int64_t> parse_iso_time_ms(std::string_view text)
{
    DateTime t;
    int month = 0;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        !text.ends_with('Z') || !parse_digits(text.substr(0, 4), t.year) ||
        !parse_digits(text.substr(5, 2), month) || !parse_digits(text.substr(8, 2), t.day) ||
        !parse_clock(text.substr(11, 8), t))
        return std::nullopt;
    t.month = static_cast<unsigned>(month);
    std::string_view fraction = text.substr(19, text.size() - 20);
    int ms = 0;
    if (!fraction.empty()) {
        const std::string digits = (std::string{fraction.substr(1)} + "00").substr(0, 3);
        if (fraction.front() != '.' || fraction.size() < 2 || !parse_digits(digits, ms))
            return std::nullopt;
    }
    const std::optional<std::int64_t> whole = unix_ms(t);
    return whole ? std::optional{*whole + ms} : std::nullopt;
}

std::optional<std::int64_t> parse_http_time_ms(std::string_view text)
{
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    DateTime t;
    if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
        text[16] != ' ' || !text.ends_with(" GMT") || !parse_digits(text.substr(5, 2), t.day) ||
        !parse_digits(text.substr(12, 4), t.year) || !parse_clock(text.substr(17, 8), t))
        return std::nullopt;
    const std::size_t month = months.find(text.substr(8, 3));
    if (month == months.npos || month % 3 != 0) return std::nullopt;
    t.month = static_cast<unsigned>(month / 3 + 1);
    return unix_ms(t);
}

}  // namespace exchange::objects
