#pragma once

#include "base/time.hpp"
#include "kafka/client_config.hpp"
#include "kafka/errors.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Publishes batches of messages to Kafka and reports what became of each.
namespace exchange::kafka {

struct Message {
    std::string topic;
    std::int32_t partition = 0;
    std::string key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
};

// What became of one message. Without a fault it is in the log at `offset` (-1 if the broker knew
// it for a repeat and no longer says where the first copy lies).
struct Delivery {
    std::int64_t offset = -1;
    // Whether a message whose fault is `unavailable` is stored is unknown.
    std::optional<Fault> fault;
    // With a fault: why, ending with a hint.
    std::string reason;
};

class Producer {
public:
    // Coroutines that still await `send` get a fault for every message without a verdict.
    virtual ~Producer() = default;

    // Sends in order and returns when every message has its verdict; verdicts are in the order of
    // the messages. Several sends may be under way at once; their messages go out in the order of
    // the calls. Messages to one partition are stored in order without gaps or copies as long
    // as this object lives; once any verdict is a fault, nothing after it in its partition may be
    // trusted: destroy the producer and read the tails (docs/ARCHITECTURE.md, "Takeover").
    // Throws `Error{fatal}` when librdkafka declared the client fatal or any verdict was a fault.
    // Cancelling it does not call the messages back.
    virtual boost::asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages) = 0;

    // Fetches topic metadata so that the first message need not wait for it. Throws `Error`:
    // topic_missing, denied, unavailable; the producer may be used all the same.
    virtual boost::asio::awaitable<void> prime(std::vector<std::string> topics,
                                               TimePoint deadline) = 0;
};

struct ProducerConfig {
    ClientConfig client;
    // After this long without an acknowledgement a message's verdict is `unavailable` (and whether
    // it is stored is unknown). Lower: a short broker restart ends the generation. Higher: a dead
    // broker is noticed later. The property message.timeout.ms wins over it.
    std::chrono::milliseconds message_timeout{10000};
};

// Idempotent, acks=all, gapless. Use and destroy it on `executor` only, which must run one handler
// at a time and outlive it; verdicts are delivered there. Throws std::invalid_argument for
// properties that librdkafka does not know or that contradict these three. The broker refuses a
// batch above the topic's max.message.bytes even if each of its messages is smaller: where that
// limit is below 1 MB, set the property batch.size to it. Destroying it gives up what is unsent
// without waiting; never blocks for longer than a few milliseconds (the client is closed on a
// thread of its own, which is joined when the executor's context ends).
std::unique_ptr<Producer> make_idempotent_producer(boost::asio::any_io_executor executor,
                                                   const ProducerConfig& config);

}  // namespace exchange::kafka
