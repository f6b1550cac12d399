#pragma once

#include "kafka/admin.hpp"
#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <string>
#include <vector>

// Lets lanes go on with a log that does not fit the database: one that was made anew, or one that
// is ahead because the database was restored (docs/guides/backup.md). Nothing is published by it,
// and nothing that is in the log will be published again.
namespace exchange::reconcile {

struct LogTerms {
    kafka::ClientConfig kafka;
    // Of the contract, with the prefix.
    std::vector<kafka::TopicSpec> topics;
    std::string topic_prefix;
    std::string actor;
    std::string reason;
};

struct LaneLog {
    LaneId lane{};
    // Why it does not fit; empty where it does, and then nothing was changed.
    std::string cause;
    // Ids above `planned_to` up to `log_to` are not known here and are never drawn again.
    std::int64_t planned_to = 0;
    std::int64_t log_to = 0;
    // Rows that had ids of other events in the log, and were appended again.
    std::size_t appended_again = 0;
};

// One element a lane. Throws pg::Unavailable, kafka::Error, objects::StoreError, and
// std::runtime_error for a log that no exchange wrote. Repeating it is safe.
boost::asio::awaitable<std::vector<LaneLog>> accept_logs(pg::Session& session,
                                                         objects::RawStore& store, LogTerms terms);

// To be called on a restored database before anything works with it: ids that the log or the raw
// store know, and the database does not, are not drawn again. Answers the highest of them.
boost::asio::awaitable<std::int64_t> skip_known_ids(pg::Session& session, objects::RawStore& store,
                                                    LogTerms terms);

}  // namespace exchange::reconcile
