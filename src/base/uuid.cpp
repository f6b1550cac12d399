#include "base/uuid.hpp"

#include "base/hex.hpp"
#include "base/random.hpp"

namespace exchange {

std::string to_string(const Uuid& uuid)
{
    std::string text = to_hex(uuid.bytes);
    for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
    return text;
}

std::optional<Uuid> parse_uuid(std::string_view text)
{
    if (text.size() != 36) return std::nullopt;
    std::string digits;
    digits.reserve(32);
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
        if (hyphen != (text[at] == '-')) return std::nullopt;
        if (!hyphen) digits.push_back(text[at]);
    }
    Uuid uuid;
    if (!from_hex(digits, uuid.bytes)) return std::nullopt;
    return uuid;
}

Uuid make_uuid_v7(std::int64_t unix_ms, Random& random)
{
    Uuid uuid;
    random.fill(uuid.bytes);
    for (int byte = 0; byte < 6; ++byte)
        uuid.bytes[static_cast<std::size_t>(byte)] =
            static_cast<std::uint8_t>(unix_ms >> (40 - 8 * byte));
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x70);
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

}  // namespace exchange
