#pragma once

#include "base/started.hpp"
#include "kafka/producer.hpp"
#include "kafka/sender.hpp"
#include "kafka/transaction.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

// The transactional ids of one producer, which take turns, and the transactions that they send.
namespace exchange::kafka {

struct Slot {
    std::shared_ptr<Sender> sender;
    // Of its next transaction, while others have their turn.
    std::optional<Started<Failed>> beginning;
};

// Shared with the coroutines that use it, which may outlive the producer.
struct Slots {
    std::vector<Slot> all;
    Duration commit_patience{};
    Duration hold_most{};
    std::size_t next = 0;
    bool sending = false;
    // Why nothing may be sent any more; empty while it may.
    std::string broken;

    void close();
};

// As Producer::send, send_once_cleared and abort_into.
boost::asio::awaitable<std::vector<Delivery>> send_at_once(std::shared_ptr<Slots> slots,
                                                           std::vector<Message> messages);
boost::asio::awaitable<std::vector<Delivery>> send_held(std::shared_ptr<Slots> slots,
                                                        std::vector<Message> messages,
                                                        boost::asio::awaitable<void> cleared);
boost::asio::awaitable<void> abort_into(std::shared_ptr<Slots> slots,
                                        std::vector<TopicPartition> partitions, TimePoint deadline);

}  // namespace exchange::kafka
