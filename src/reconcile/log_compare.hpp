#pragma once

#include "kafka/log_scan.hpp"
#include "outbox/layout.hpp"
#include "reconcile/findings.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <utility>
#include <vector>

// Holds the outbox rows of all lanes against the partitions of the log, side by side: both rise in
// outbox id, so neither is ever held in memory as a whole. Reads nothing itself.
namespace exchange::reconcile {

struct ExpectedRow {
    std::int64_t id = 0;
    LaneId lane{};
    // As Kafka knows it, prefix included.
    std::string topic;
    RecordId record;
    Uuid event;
    // In quarantine, discarded, or replaced by a later row: not to be found in the log.
    bool passed_over = false;
};

class RowSource {
public:
    virtual ~RowSource() = default;
    // The next rows, rising; none at their end.
    virtual boost::asio::awaitable<std::vector<ExpectedRow>> next() = 0;
    // Those of `ids` that are outbox rows, in any order.
    virtual boost::asio::awaitable<std::vector<ExpectedRow>>
    by_id(std::vector<std::int64_t> ids) = 0;
};

// What is known of a lane, in use or not.
struct LaneFacts {
    // Everything up to here was in the log before its ends were asked for.
    std::int64_t published_up_to = 0;
    // Nothing above it can be in the log; asked for after the ends of the log.
    std::int64_t planned_up_to = 0;
    // Above `first` up to `second`: ids of a log that was accepted after a restore.
    std::vector<std::pair<std::int64_t, std::int64_t>> forgotten;
};

struct LogFacts {
    // Of today, and all there were.
    outbox::Layout layout;
    std::vector<outbox::LayoutSince> layouts;
    std::vector<std::string> topics;
    std::map<LaneId, LaneFacts> lanes;
    // Rows below were dropped by retention.
    std::int64_t lowest_id = 0;
};

struct LogTotals {
    std::size_t rows = 0;
    std::size_t logged = 0;
    std::size_t matched = 0;
    // Not yet published, in quarantine, before what the log still holds, dropped from the outbox.
    std::size_t pending = 0;
    std::size_t passed_over = 0;
    std::size_t expired = 0;
    std::size_t dropped = 0;
    // In the log, and lost from the database by a restore that an operator accepted.
    std::size_t forgotten = 0;
};

// The headers that `scan` must have been opened with.
std::vector<std::string> compared_headers();

boost::asio::awaitable<LogTotals> compare_log(LogFacts facts, RowSource& rows, kafka::LogScan& scan,
                                              Findings& findings);

}  // namespace exchange::reconcile
