#include "objects/xml.hpp"

#include <algorithm>
#include <charconv>

namespace exchange::objects {
namespace {

constexpr int depth_max = 16;
constexpr std::string_view blanks = " \t\r\n";

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':';
}

bool append_utf8(std::uint32_t code, std::string& out)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
    return true;
}

// `entity` without '&' and ';'.
bool append_entity(std::string_view entity, std::string& out)
{
    if (entity == "amp") return append_utf8('&', out);
    if (entity == "lt") return append_utf8('<', out);
    if (entity == "gt") return append_utf8('>', out);
    if (entity == "quot") return append_utf8('"', out);
    if (entity == "apos") return append_utf8('\'', out);
    if (!entity.starts_with('#')) return false;
    entity.remove_prefix(1);
    const bool hexadecimal = entity.starts_with('x');
    if (hexadecimal) entity.remove_prefix(1);
    std::uint32_t code = 0;
    const char* end = entity.data() + entity.size();
    const auto [stop, error] = std::from_chars(entity.data(), end, code, hexadecimal ? 16 : 10);
    return error == std::errc{} && stop == end && append_utf8(code, out);
}

class Parser {
public:
    explicit Parser(std::string_view rest) : rest_{rest} {}

    bool document(XmlElement& root)
    {
        if (rest_.starts_with("<?xml ")) {
            const std::size_t end = rest_.find("?>");
            if (end == rest_.npos) return false;
            rest_.remove_prefix(end + 2);
        }
        skip_blanks();
        if (!element(root, 0)) return false;
        skip_blanks();
        return rest_.empty();
    }

private:
    bool element(XmlElement& out, int depth)
    {
        if (depth == depth_max || !take("<") || !name(out.name) || !attributes()) return false;
        if (take("/>")) return true;
        if (!take(">")) return false;
        while (!rest_.starts_with("</")) {
            if (rest_.empty()) return false;
            if (!rest_.starts_with('<')) {
                if (!text(out.text)) return false;
                continue;
            }
            if (!element(out.children.emplace_back(), depth + 1)) return false;
        }
        std::string closing;
        if (!take("</") || !name(closing) || closing != out.name) return false;
        skip_blanks();
        return take(">");
    }

    bool name(std::string& out)
    {
        const auto* end = std::ranges::find_if_not(rest_, is_name_character);
        out.assign(rest_.begin(), end);
        rest_.remove_prefix(out.size());
        return !out.empty();
    }

    // Checked for their form and dropped.
    bool attributes()
    {
        for (;;) {
            const bool separated = skip_blanks();
            if (rest_.starts_with('>') || rest_.starts_with('/')) return true;
            std::string ignored;
            if (!separated || !name(ignored) || !take("=") || rest_.empty()) return false;
            const char quote = rest_.front();
            const std::size_t end = rest_.find(quote, 1);
            if ((quote != '"' && quote != '\'') || end == rest_.npos) return false;
            if (rest_.substr(0, end).find('<') != rest_.npos) return false;
            rest_.remove_prefix(end + 1);
        }
    }

    bool text(std::string& out)
    {
        const std::size_t end = std::min(rest_.find_first_of("<&"), rest_.size());
        out.append(rest_.substr(0, end));
        rest_.remove_prefix(end);
        if (!take("&")) return true;
        const std::size_t entity_end = rest_.find(';');
        if (entity_end == rest_.npos || !append_entity(rest_.substr(0, entity_end), out))
            return false;
        rest_.remove_prefix(entity_end + 1);
        return true;
    }

    bool skip_blanks()
    {
        const std::size_t end = std::min(rest_.find_first_not_of(blanks), rest_.size());
        rest_.remove_prefix(end);
        return end > 0;
    }

    bool take(std::string_view expected)
    {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }

    std::string_view rest_;
};

}  // namespace

std::string_view XmlElement::child_text(std::string_view child_name) const
{
    const auto found = std::ranges::find(children, child_name, &XmlElement::name);
    return found == children.end() ? std::string_view{} : std::string_view{found->text};
}

std::optional<XmlElement> parse_xml(std::string_view document)
{
    XmlElement root;
    if (!Parser{document}.document(root)) return std::nullopt;
    return root;
}

}  // namespace exchange::objects
