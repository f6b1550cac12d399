#pragma once

#include "base/ids.hpp"
#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

// What operators see of rows that were passed over, and what they may decide about them
// (docs/ARCHITECTURE.md, "Quarantine"). Nothing here shows raw bytes.
namespace exchange::outbox {

struct QuarantineFilter {
    std::optional<LaneId> lane;
    std::string code;
    std::optional<RecordId> record;
    // Rows that were released or discarded, too.
    bool decided = false;
};

struct QuarantineEntry {
    OutboxId id;
    LaneId lane{};
    RecordId record;
    std::string code;
    std::string detail;
    std::int64_t quarantined_at_us = 0;
    // The first row of its record that something must be decided about before; 0: none.
    OutboxId held_by;
    // released, discarded, or empty; and the row that took its place.
    std::string decision;
    OutboxId new_id;
};

struct QuarantineDetails {
    QuarantineEntry entry;
    std::string topic;
    Uuid event_id;
    std::string source;
    std::string kind;
    std::string schema_hint;
    std::int64_t api = 0;
    std::string sha256;
    std::int64_t size = 0;
    std::string correlation_id;
    std::string traceparent;
    std::int64_t created_at_us = 0;
    bool staged = false;
    // Rows that are appended again with it.
    std::vector<std::int64_t> holds;
};

struct Decision {
    OutboxId id;
    // With `discard`: give up the later rows of its record as well.
    bool all = false;
    // Who, as the audit shall show it, and why.
    std::string actor;
    std::string reason;
};

// Topics, without prefix, that a lane may write to after it might not.
using AllowedTopics = std::set<std::pair<LaneId, std::string>>;

// What became of some rows that wait for nothing any more.
struct Released {
    std::size_t rows = 0;
    // Go on after this one; 0 when these were the last.
    OutboxId next;
    // Rows that cannot be released as it stands, and why the first of them: its raw bytes are not
    // to be had. Others are not held up by them.
    std::size_t stuck = 0;
    std::string cause;
};

// Old and new outbox id, in order.
using AppendedAgain = std::vector<std::pair<OutboxId, OutboxId>>;

class Quarantine {
public:
    Quarantine(pg::Session& session, objects::RawStore& store) : session_{session}, store_{store} {}

    boost::asio::awaitable<std::vector<QuarantineEntry>>
    list(QuarantineFilter filter, OutboxId after, int rows_max, TimePoint deadline);
    // Nothing when the row is not in quarantine.
    boost::asio::awaitable<std::optional<QuarantineDetails>> show(OutboxId id, TimePoint deadline);

    // Throw std::invalid_argument when the decision cannot be taken: the row is not in quarantine,
    // or another of its record comes first.
    boost::asio::awaitable<AppendedAgain> release(Decision decision, TimePoint deadline);
    boost::asio::awaitable<AppendedAgain> discard(Decision decision, TimePoint deadline);

    // Releases some of the rows after `after` that wait for nothing any more: the row before them
    // was decided about while they were being planned.
    boost::asio::awaitable<Released> release_stranded(OutboxId after, TimePoint deadline);

    // Releases, in order, some of the rows after `after` that waited for their topic alone: those
    // of a topic that was missing and is not in `missing` now, and those of a lane that may write
    // to their topic again. Topics without prefix.
    boost::asio::awaitable<Released> release_returned(std::vector<std::string> missing,
                                                      AllowedTopics allowed, OutboxId after,
                                                      TimePoint deadline);

private:
    boost::asio::awaitable<std::optional<AppendedAgain>>
    try_resolve(const char* kind, Decision decision, TimePoint deadline);
    boost::asio::awaitable<AppendedAgain> resolve(const char* kind, Decision decision,
                                                  TimePoint deadline);
    boost::asio::awaitable<Released> release_each(pg::Rows rows, const char* reason,
                                                  TimePoint deadline);

    pg::Session& session_;
    objects::RawStore& store_;
};

}  // namespace exchange::outbox
