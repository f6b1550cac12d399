#include "push/line_key.hpp"

#include "base/hex.hpp"
#include "crypto/digest.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace exchange::push {
namespace {

constexpr std::size_t slots_at_first = 1024;
constexpr std::size_t prefix_length_max = 200;

}  // namespace

std::string to_string(const LineKey& key, std::string_view prefix)
{
    std::string text{prefix};
    text += '-';
    text += to_hex(key.digest);
    if (key.occurrence > 1) text.append("-").append(std::to_string(key.occurrence));
    return text;
}

std::optional<LineKey> parse_line_key(std::string_view text, std::string_view prefix)
{
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    LineKey key;
    const std::size_t digits = 2 * key.digest.size();
    if (text.size() < 1 + digits || text.front() != '-') return std::nullopt;
    if (!from_hex(text.substr(1, digits), key.digest)) return std::nullopt;
    text.remove_prefix(1 + digits);
    if (text.empty()) return key;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 1, end, key.occurrence);
    const bool good = text.front() == '-' && error == std::errc{} && stop == end;
    return good && key.occurrence > 1 ? std::optional{key} : std::nullopt;
}

bool valid_key_prefix(std::string_view prefix)
{
    return !prefix.empty() && prefix.size() <= prefix_length_max &&
           std::ranges::all_of(prefix, [](char c) { return c > ' ' && c < '\x7f'; });
}

OccurrenceCounter::OccurrenceCounter() : slots_(slots_at_first) {}

std::uint32_t OccurrenceCounter::count(std::uint64_t fingerprint)
{
    // The value that marks free slots stands for its neighbour.
    if (fingerprint == 0) fingerprint = 1;
    const std::size_t slot = slot_of(fingerprint);
    if (slots_[slot] == fingerprint) return ++repeated_.try_emplace(fingerprint, 1u).first->second;
    slots_[slot] = fingerprint;
    if (++used_ * 10 > slots_.size() * 7) grow();
    return 1;
}

std::size_t OccurrenceCounter::slot_of(std::uint64_t fingerprint) const
{
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = fingerprint & mask;
    while (slots_[slot] != 0 && slots_[slot] != fingerprint) slot = (slot + 1) & mask;
    return slot;
}

void OccurrenceCounter::grow()
{
    std::vector<std::uint64_t> old(2 * slots_.size());
    old.swap(slots_);
    for (const std::uint64_t fingerprint : old)
        if (fingerprint != 0) slots_[slot_of(fingerprint)] = fingerprint;
}

LineKey KeyMaker::key_of(std::string_view line)
{
    const crypto::Sha256 digest = crypto::sha256(line);
    LineKey key;
    std::ranges::copy_n(digest.begin(), static_cast<std::ptrdiff_t>(key.digest.size()),
                        key.digest.begin());
    std::uint64_t fingerprint = 0;
    std::memcpy(&fingerprint, digest.data(), sizeof fingerprint);
    key.occurrence = counter_.count(fingerprint);
    return key;
}

}  // namespace exchange::push
