#include "net/server_format.hpp"

#include <boost/beast/http/status.hpp>

#include <array>
#include <charconv>
#include <string_view>

namespace exchange::net {
namespace {

void append_number(std::string& out, std::size_t number)
{
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

// A value may repeat what a client sent; a line end in it would let that client write fields.
void append_field(std::string& out, std::string_view name, std::string_view value)
{
    out += name;
    out += ": ";
    const std::size_t start = out.size();
    out += value;
    for (std::size_t at = start; at < out.size(); ++at)
        if (out[at] == '\r' || out[at] == '\n' || out[at] == '\0') out[at] = ' ';
    out += "\r\n";
}

std::string_view reason(unsigned status)
{
    namespace http = boost::beast::http;
    const auto text = http::obsolete_reason(http::int_to_status(status));
    return {text.data(), text.size()};
}

}  // namespace

void format_head(std::string& out, const Response& response, Afterwards afterwards)
{
    out += "HTTP/1.1 ";
    append_number(out, response.status);
    out += ' ';
    out += reason(response.status);
    out += "\r\n";
    if (!response.content_type.empty() && !response.body.empty())
        append_field(out, "Content-Type", response.content_type);
    for (const auto& [name, value] : response.headers) append_field(out, name, value);
    // RFC 9110 section 8.6: none with 204.
    if (response.status != 204) {
        out += "Content-Length: ";
        append_number(out, response.body.size());
        out += "\r\n";
    }
    if (afterwards == Afterwards::close) out += "Connection: close\r\n";
    if (afterwards == Afterwards::keep_alive_1_0) out += "Connection: keep-alive\r\n";
    out += "\r\n";
}

}  // namespace exchange::net
