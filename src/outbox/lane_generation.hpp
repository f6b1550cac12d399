#pragma once

#include "outbox/lane_relay.hpp"

// What a generation of a lane's relay holds, and what ends it without being a failure. For the
// relay's own files.
namespace exchange::outbox {

struct LaneRelay::Generation {
    Epoch epoch;
    std::unique_ptr<kafka::Producer> producer;
    Positions positions;
    OutboxId after;
    // In Kafka, not yet recorded: goes with the next plan's commit.
    std::optional<PublishedWindow> unrecorded;
};

// The next generation begins at once: topics came or went, or it has looked at rows one by one for
// long enough.
struct Renewal {};

inline constexpr const char* denied_remedy =
    "Check the credentials in KAFKA_* settings and the ACLs: Read, Write, Describe and "
    "DescribeConfigs on the topics, Write and Describe on the transactional ids. It is tried again "
    "by itself.";

}  // namespace exchange::outbox
