#include "sim/world.hpp"

#include <fmt/format.h>

namespace exchange::sim {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value)
{
    // FNV-1a, a word at a time.
    return (hash ^ value) * 0x100000001b3;
}

}  // namespace

void World::violated(std::string what)
{
    trace(what);
    if (violations_.size() < 20) violations_.push_back(std::move(what));
}

void World::trace(std::string_view what, std::int64_t one, std::int64_t other)
{
    const std::int64_t at = timeline.now().time_since_epoch().count();
    for (const char c : what) hash_ = mix(hash_, static_cast<std::uint64_t>(c));
    for (const std::int64_t value : {at, one, other})
        hash_ = mix(hash_, static_cast<std::uint64_t>(value));
    if (printing_)
        fmt::print("{:12.6f} {} {} {}\n", static_cast<double>(at) / 1e9, what, one, other);
}

}  // namespace exchange::sim
