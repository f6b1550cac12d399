#include "crypto/digest.hpp"

namespace exchange::crypto {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Unpadded (RFC 4648 sections 4 and 5).
std::string encode(std::span<const std::uint8_t> bytes, std::string_view alphabet)
{
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        buffer = (buffer << 8) | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += alphabet[(buffer >> bits) & 63];
        }
    }
    if (bits > 0) out += alphabet[(buffer << (6 - bits)) & 63];
    return out;
}

constexpr std::array<std::int8_t, 256> url_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < url_alphabet.size(); ++i)
        values[static_cast<unsigned char>(url_alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}();

}  // namespace

std::string base64_encode(std::span<const std::uint8_t> bytes)
{
    std::string out = encode(bytes, standard_alphabet);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string base64url_encode(std::string_view bytes)
{
    return encode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                  url_alphabet);
}

bool base64url_decode(std::string_view text, std::string& out)
{
    out.clear();
    if (text.size() % 4 == 1) return false;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const char symbol : text) {
        const std::int8_t value = url_values[static_cast<unsigned char>(symbol)];
        if (value < 0) return false;
        buffer = (buffer << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>((buffer >> bits) & 0xff);
    }
    // Left-over bits must be zero, or two texts would decode to the same bytes.
    return (buffer & ((1u << bits) - 1)) == 0;
}

}  // namespace exchange::crypto
