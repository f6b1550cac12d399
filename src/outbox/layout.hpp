#pragma once

#include "base/ids.hpp"
#include "base/random.hpp"
#include "pg/session.hpp"

#include <string_view>
#include <vector>

// How keys are spread over lanes, and lanes over Kafka partitions. Pinned in the database
// (table lane_layout): every process computes the same lane for the same key.
namespace exchange::outbox {

struct Layout {
    int version = 0;
    std::int16_t lanes = 0;
    // Of every topic; a multiple of `lanes`. Partition p belongs to lane p mod lanes.
    std::int16_t partitions = 0;
    // Lanes that there ever were: those from `lanes` on are out of use, their rows and bundles
    // stay.
    std::int16_t lanes_ever = 0;
};

// Rows above `from_id` were appended under this many lanes, up to the next of its kind.
struct LayoutSince {
    std::int64_t from_id = 0;
    std::int16_t lanes = 0;
};

// The lane of a record: its idempotency key decides, so that repeats meet in one lane.
LaneId lane_of(const Layout& layout, std::string_view source, std::string_view key);

// Where Kafka's default partitioner puts a record's events; always a partition of its lane.
std::int32_t partition_of(const Layout& layout, RecordId record);

// The partition that records a lane accepts at this moment go to: one for a while, then another by
// lot, each of the lane's as often. A window costs the broker a request for each partition it
// touches, and what arrives within a few milliseconds so touches one of each topic.
std::int32_t partition_at(const Layout& layout, LaneId lane, std::int64_t unix_ms);

// A new id of that partition: drawn until it fits, `partitions` times on average.
RecordId draw_record_id(const Layout& layout, LaneId lane, std::int64_t unix_ms, Random& random);

// The lane that a partition belonged to when outbox row `id` was appended. `layouts` rise in
// `from_id` and are not empty.
LaneId lane_at(const std::vector<LayoutSince>& layouts, std::int32_t partition, std::int64_t id);

boost::asio::awaitable<Layout> read_layout(pg::Session& session, TimePoint deadline);

// All there were, rising.
boost::asio::awaitable<std::vector<LayoutSince>> read_layouts(pg::Session& session,
                                                              TimePoint deadline);

}  // namespace exchange::outbox
