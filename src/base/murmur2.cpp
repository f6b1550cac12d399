#include "base/murmur2.hpp"

namespace exchange {
namespace {

std::uint32_t byte_at(std::string_view key, std::size_t at)
{
    return static_cast<std::uint8_t>(key[at]);
}

}  // namespace

std::uint32_t murmur2_positive(std::string_view key)
{
    constexpr std::uint32_t multiplier = 0x5bd1e995;
    constexpr std::uint32_t seed = 0x9747b28c;
    std::uint32_t hash = seed ^ static_cast<std::uint32_t>(key.size());
    std::size_t at = 0;
    for (; at + 4 <= key.size(); at += 4) {
        std::uint32_t word = byte_at(key, at) | byte_at(key, at + 1) << 8 |
                             byte_at(key, at + 2) << 16 | byte_at(key, at + 3) << 24;
        word *= multiplier;
        word ^= word >> 24;
        word *= multiplier;
        hash = hash * multiplier ^ word;
    }
    const std::size_t left = key.size() - at;
    if (left >= 3) hash ^= byte_at(key, at + 2) << 16;
    if (left >= 2) hash ^= byte_at(key, at + 1) << 8;
    if (left >= 1) {
        hash ^= byte_at(key, at);
        hash *= multiplier;
    }
    hash ^= hash >> 13;
    hash *= multiplier;
    hash ^= hash >> 15;
    return hash & 0x7fffffff;
}

}  // namespace exchange
