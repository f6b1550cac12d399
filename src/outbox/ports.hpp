#pragma once

#include "outbox/lease.hpp"
#include "outbox/window.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>

// What the relay needs of the world, declared by the relay. Real: pg_lane_store.cpp and
// kafka_event_log.cpp; the raw store has its own interface (objects/raw_store.hpp).
namespace exchange::outbox {

struct LeaseTerms {
    LaneId lane{};
    Duration ttl{};
    std::string owner;
};

// The lease row of a lane. Every call throws pg::Unavailable when no answer comes in time.
class LeaseStore {
public:
    virtual ~LeaseStore() = default;
    virtual boost::asio::awaitable<std::optional<Epoch>> acquire(LeaseTerms terms) = 0;
    virtual boost::asio::awaitable<bool> renew(LeaseTerms terms, Epoch epoch) = 0;
    virtual boost::asio::awaitable<void> release(LaneId lane, Epoch epoch) = 0;
};

struct PlannedWindow {
    Window window;
    std::vector<Bundle> bundles;
};

struct PublishedWindow {
    OutboxId to;
    std::int32_t rows = 0;
    Positions positions;
};

struct QuarantinedRow {
    OutboxId id;
    RecordId record_id;
    std::string code;
    std::string detail;
};

// What one commit of a lane's owner may hold. All of it, or none.
struct LaneCommit {
    std::optional<PublishedWindow> published;
    std::vector<QuarantinedRow> quarantined;
    // Planned from here on. Its bundles need not be stored yet, but before its events leave.
    const PlannedWindow* plan = nullptr;
};

struct LaneState {
    // Everything up to here is published and recorded.
    OutboxId published_up_to;
    Positions positions;
    // Highest id of a log that an operator accepted; 0 without one.
    std::int64_t accepted_up_to = 0;
    // Where the layout changed last: up to here the log holds what `positions` say and no more.
    std::int64_t settled_up_to = 0;
    // Planned and not recorded as published, in order, with their raw bytes.
    std::vector<PlannedWindow> unfinished;
    // Topics, without prefix, of events that are in quarantine because they may not be written to.
    std::vector<std::string> denied_topics;
};

// The lane's rows in Postgres. Throws pg::Unavailable and pg::Refused.
class LaneStore {
public:
    virtual ~LaneStore() = default;
    // Nothing when `epoch` does not own the lane any more.
    virtual boost::asio::awaitable<std::optional<LaneState>> load(LaneId lane, Epoch epoch) = 0;
    // At most `rows_max` rows and about `bytes_max` bytes after `after`; no rows when none wait.
    virtual boost::asio::awaitable<Window> read(LaneId lane, OutboxId after, int rows_max,
                                                std::int64_t bytes_max) = 0;
    // False, and nothing stored, when `epoch` does not own the lane any more.
    virtual boost::asio::awaitable<bool> commit(LaneId lane, Epoch epoch, LaneCommit what) = 0;
    // An unfinished window's bundles belong elsewhere than they were planned. False, and nothing
    // stored, as with `commit`.
    virtual boost::asio::awaitable<bool> move_bundles(LaneId lane, Epoch epoch,
                                                      const PlannedWindow& planned) = 0;
};

// Kafka, as the relay sees it. Throws kafka::Error.
class EventLog {
public:
    virtual ~EventLog() = default;
    // A generation's way to write to a lane's partitions. Transactional: once it is there, nothing
    // that a former writer of the lane sent or sends can become visible any more.
    virtual boost::asio::awaitable<std::unique_ptr<kafka::Producer>>
    open(LaneId lane, kafka::Batching batching) = 0;
    // False where that does not hold: then the log may end in copies of events that it has.
    virtual bool shuts_out_former_writers() const { return true; }
    virtual boost::asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
    tails(std::vector<kafka::TopicPartition> partitions) = 0;
};

}  // namespace exchange::outbox
