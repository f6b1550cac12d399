#pragma once

#include "outbox/window.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// What a new owner of a lane concludes from the end of its partitions, without I/O
// (docs/ARCHITECTURE.md, "Takeover"): either where each stands, or that the log and the database do
// not belong together, and then nothing may be published.
namespace exchange::outbox {

// The lane stands still until an operator decides. One line of cause, one of remedy.
struct Halt {
    std::string cause;
    std::string remedy;
};

struct LaneHistory {
    // As the last `published` row says; empty for a lane that never published.
    Positions published;
    // The highest id that any window of the lane plans: nothing above it can be in the log.
    std::int64_t planned_up_to = 0;
    // The events of the rows that are planned and not recorded as published, by outbox id: what the
    // log holds beyond `published` can only be one of these.
    std::map<std::int64_t, Uuid> unfinished;
    // An id up to here is known by its place: `published` is where the log stood when the layout of
    // lanes changed there, or later.
    std::int64_t settled_up_to = 0;
    // A former writer's late copy may be the last record (EventLog::shuts_out_former_writers).
    bool copies_possible = false;
};

// One entry a partition of the lane in `tails`.
std::variant<Positions, Halt> judge_tails(const std::map<kafka::TopicPartition, kafka::Tail>& tails,
                                          const LaneHistory& history);

// All topic-partitions that belong to a lane.
std::vector<kafka::TopicPartition> partitions_of_lane(LaneId lane, std::int16_t lanes,
                                                      std::int16_t partitions,
                                                      const std::vector<std::string>& topics);

}  // namespace exchange::outbox
