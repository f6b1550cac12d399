#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace exchange {

std::string to_hex(std::span<const std::uint8_t> bytes);

// False when `text` is not exactly two hexadecimal digits for each byte of `out`.
bool from_hex(std::string_view text, std::span<std::uint8_t> out);

}  // namespace exchange
