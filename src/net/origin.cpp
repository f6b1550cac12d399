#include "net/origin.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace exchange::net {
namespace {

[[noreturn]] void refuse(std::string_view text)
{
    throw std::invalid_argument{"'" + std::string{text} + "' is not http(s)://host[:port]"};
}

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

bool is_address_character(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.';
}

std::uint16_t parse_port(std::string_view digits, std::string_view text)
{
    std::uint16_t port = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || stop != end || port == 0) refuse(text);
    return port;
}

}  // namespace

Origin parse_origin(std::string_view text)
{
    Origin origin;
    std::string_view rest = text;
    origin.tls = rest.starts_with("https://");
    if (!origin.tls && !rest.starts_with("http://")) refuse(text);
    rest.remove_prefix(origin.tls ? 8 : 7);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    origin.authority = rest;

    const bool bracketed = rest.starts_with('[');
    const std::size_t host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
    if (host_end == rest.npos) refuse(text);
    origin.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
    rest.remove_prefix(host_end + (bracketed ? 1 : 0));

    const auto allowed = bracketed ? is_address_character : is_host_character;
    if (origin.host.empty() || !std::ranges::all_of(origin.host, allowed)) refuse(text);
    origin.port = origin.tls ? 443 : 80;
    if (rest.empty()) return origin;
    if (rest.front() != ':') refuse(text);
    origin.port = parse_port(rest.substr(1), text);
    return origin;
}

}  // namespace exchange::net
