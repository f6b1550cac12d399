#pragma once

#include "base/uuid.hpp"

#include <compare>
#include <cstdint>

// Numbers that must not be mixed up. Nothing converts to or between them by itself.
namespace exchange {

// A slice of the outbox whose ids rise in commit order (docs/ARCHITECTURE.md, "Lanes").
enum class LaneId : std::int16_t {};

constexpr std::int16_t number(LaneId lane)
{
    return static_cast<std::int16_t>(lane);
}

// Counts the owners a lane has had; a higher epoch fences every lower one.
struct Epoch {
    std::int64_t value = 0;
    auto operator<=>(const Epoch&) const = default;
};

// Position in the outbox; drawn from one sequence, rising in commit order within a lane.
struct OutboxId {
    std::int64_t value = 0;
    auto operator<=>(const OutboxId&) const = default;
};

struct RecordId {
    Uuid value;
    auto operator<=>(const RecordId&) const = default;
};

}  // namespace exchange
