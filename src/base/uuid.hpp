#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// UUIDs as RFC 9562 writes them: 16 bytes, big-endian, lower-case text with hyphens.
namespace exchange {

class Random;

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const Uuid&) const = default;
};

std::string to_string(const Uuid& uuid);

// Accepts the 36-character form only, either case.
std::optional<Uuid> parse_uuid(std::string_view text);

// Version 7: the first 48 bits are the time, so that indexes over ids grow at one end.
Uuid make_uuid_v7(std::int64_t unix_ms, Random& random);

}  // namespace exchange
