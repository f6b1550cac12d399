#pragma once

#include "outbox/ports.hpp"

// The ends of a lane's partitions once no transaction is open there: only then do they say what is
// in the log (docs/ARCHITECTURE.md, "Takeover").
namespace exchange::outbox {

struct SettlePatience {
    // How long the broker may take to write the markers of transactions that are decided.
    Duration markers = std::chrono::milliseconds{1500};
    Duration pause = std::chrono::milliseconds{10};
    Duration pause_most = std::chrono::milliseconds{200};
};

struct SettledTails {
    std::map<kafka::TopicPartition, kafka::Tail> tails;
    // Where a transaction stayed open though nobody could decide it any more, and was closed by
    // aborting into it.
    std::vector<kafka::TopicPartition> repaired;
};

// `producer` is the lane's new one: former ones can decide nothing any more. Throws kafka::Error,
// `unavailable` when a transaction stays open in spite of the repair.
boost::asio::awaitable<SettledTails> settled_tails(EventLog& log, kafka::Producer& producer,
                                                   std::vector<kafka::TopicPartition> partitions,
                                                   SettlePatience patience);

}  // namespace exchange::outbox
