#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

// Numbers as Postgres' binary format writes them: most significant byte first.
namespace exchange::pg {

template <class Integer>
void append_big_endian(std::string& out, Integer value)
{
    const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    char bytes[sizeof bits];
    for (std::size_t i = 0; i < sizeof bits; ++i)
        bytes[i] = static_cast<char>((bits >> (8 * (sizeof bits - 1 - i))) & 0xff);
    out.append(bytes, sizeof bytes);
}

// Of the first sizeof(Integer) bytes; there must be that many.
template <class Integer>
Integer read_big_endian(std::string_view bytes)
{
    using Bits = std::make_unsigned_t<Integer>;
    Bits bits = 0;
    for (std::size_t i = 0; i < sizeof(Bits); ++i)
        bits = static_cast<Bits>(static_cast<Bits>(bits << (8 % (8 * sizeof(Bits)))) |
                                 static_cast<unsigned char>(bytes[i]));
    return static_cast<Integer>(bits);
}

}  // namespace exchange::pg
