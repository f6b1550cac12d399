#include "record/json_text.hpp"

namespace exchange::record {
namespace {

constexpr bool must_be_escaped(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escape(std::string& out, char c)
{
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15u];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!must_be_escaped(text[i])) continue;
        out += text.substr(copied, i - copied);
        append_escape(out, text[i]);
        copied = i + 1;
    }
    out += text.substr(copied);
    out += '"';
}

}  // namespace exchange::record
