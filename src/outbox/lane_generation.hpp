#pragma once

#include "base/started.hpp"
#include "outbox/lane_relay.hpp"
#include "outbox/publish_trace.hpp"
#include "outbox/takeover.hpp"

#include <stdexcept>

// What a generation of a lane's relay holds, and what ends it. For the relay's own files.
namespace exchange::outbox {

struct LaneRelay::Generation {
    Epoch epoch;
    std::unique_ptr<kafka::Producer> producer;
    Positions positions;
    OutboxId after;
    // Of the window that is planned next, or of the one planned last.
    std::optional<Started<bool>> storing;
    // In Kafka, not yet recorded: goes with the next plan's commit, if that comes before
    // `record_by`.
    std::optional<PublishedWindow> unrecorded;
    TimePoint record_by{};
};

// A window's verdicts, and when they came: what is prepared meanwhile must not count.
struct LaneRelay::Sent {
    std::vector<kafka::Delivery> deliveries;
    std::int64_t at_us = 0;
};

// When a window's events left.
struct LaneRelay::Leaving {
    PublishTrace& trace;
    TimePoint at{};
};

// The next generation begins at once: topics came or went, or it has looked at rows one by one for
// long enough.
struct Renewal {};

// The lane is another's.
struct LeaseLost {};

// The lane waits for somebody who changes something.
class Halted : public std::runtime_error {
public:
    explicit Halted(Halt halt) : std::runtime_error{halt.cause}, remedy{std::move(halt.remedy)} {}
    std::string remedy;
};

inline constexpr const char* retried_remedy =
    "It is tried again by itself; nothing is lost meanwhile.";

inline constexpr const char* denied_remedy =
    "Check the credentials in KAFKA_* settings and the ACLs: Read, Write, Describe and "
    "DescribeConfigs on the topics, Write and Describe on the transactional ids. It is tried again "
    "by itself.";

}  // namespace exchange::outbox
