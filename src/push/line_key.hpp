#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// The Idempotency-Key of a line. It depends on the line's bytes and on how many equal lines came
// before it in the input, on nothing else: not on the file's name, the line's number, or the time.
// Pure.
namespace exchange::push {

struct LineKey {
    // The first half of the SHA-256 of the bytes.
    std::array<std::uint8_t, 16> digest{};
    // 1 for the first line with these bytes, 2 for the second, …
    std::uint32_t occurrence = 1;
    auto operator<=>(const LineKey&) const = default;
};

// `prefix-<32 hexadecimal digits>`, and `-<occurrence>` after it from the second on.
std::string to_string(const LineKey& key, std::string_view prefix);
std::optional<LineKey> parse_line_key(std::string_view text, std::string_view prefix);

// 1 to 200 visible ASCII characters: the whole key then keeps to the exchange's rule of 8 to 255.
bool valid_key_prefix(std::string_view prefix);

// How often each fingerprint was seen: 8 bytes for a distinct one at a load of 35 to 70 %, more
// only for those seen again. Two lines of different bytes with the same 64 bits of SHA-256 would
// count as equal here; their keys still differ.
class OccurrenceCounter {
public:
    OccurrenceCounter();
    // 1 at the first call with this fingerprint, 2 at the second, …
    std::uint32_t count(std::uint64_t fingerprint);

private:
    std::size_t slot_of(std::uint64_t fingerprint) const;
    void grow();

    // Open addressing, size a power of two; 0 marks a free slot.
    std::vector<std::uint64_t> slots_;
    std::size_t used_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> repeated_;
};

class KeyMaker {
public:
    // Call it once for each line, in the order of the input.
    LineKey key_of(std::string_view line);

private:
    OccurrenceCounter counter_;
};

}  // namespace exchange::push
