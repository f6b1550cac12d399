#pragma once

#include "base/time.hpp"
#include "kafka/client_config.hpp"
#include "kafka/errors.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Publishes batches of messages to Kafka and reports what became of each.
namespace exchange::kafka {

struct TopicPartition {
    std::string topic;
    std::int32_t partition = 0;
    auto operator<=>(const TopicPartition&) const = default;
};

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
    // the messages. Messages to one partition are stored in order without gaps or copies as long
    // as this object lives; once any verdict is a fault, nothing after it in its partition may be
    // trusted: destroy the producer and read the tails (docs/ARCHITECTURE.md, "Takeover").
    // Throws `Error{fatal}` when librdkafka declared the client fatal or any verdict was a fault.
    // Cancelling it does not call the messages back.
    //
    // Idempotent: several sends may be under way at once; their messages go out in the order of
    // the calls. Transactional: one at a time; readers of committed messages see all of its
    // messages or none, and none as soon as one verdict is a message's own fault (too large,
    // invalid).
    virtual boost::asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages) = 0;

    // The same, but no message leaves before `cleared` has returned. It runs meanwhile: what a
    // transaction needs before its first message can leave is done by then. Throws what `cleared`
    // throws; then no message has left or will, and the producer is to be destroyed. `cleared` must
    // end within `hold_most`, and before the producer is destroyed.
    virtual boost::asio::awaitable<std::vector<Delivery>>
    send_once_cleared(std::vector<Message> messages, boost::asio::awaitable<void> cleared);

    // Messages that are held come nearer to their time-out. Without end where none are held.
    virtual Duration hold_most() const { return Duration::max(); }

    // Fetches topic metadata so that the first message need not wait for it. Throws `Error`:
    // topic_missing, denied, unavailable; the producer may be used all the same.
    virtual boost::asio::awaitable<void> prime(std::vector<std::string> topics,
                                               TimePoint deadline) = 0;

    // Closes what a transaction of a former producer with our ids left undecided at the end of
    // these partitions, where the broker lost the marker that decides it: each of our ids writes
    // one empty message there and aborts, and its marker ends everything before it that is open.
    // Throws `Error`, from an idempotent producer always: it has no such ids.
    virtual boost::asio::awaitable<void> abort_into(std::vector<TopicPartition> partitions,
                                                    TimePoint deadline) = 0;
};

// A batch that is too large for its topic is refused as a whole, and then the verdicts do not tell
// which of its messages was at fault, if any.
struct Batching {
    // Each message a batch of its own: the verdicts tell. Slow.
    bool one_by_one = false;
    // At most the max.message.bytes of every topic written to; 0: as large as batches get.
    std::int64_t bytes_max = 0;
};

struct ProducerConfig {
    ClientConfig client;
    // After this long without an acknowledgement a message's verdict is `unavailable` (and whether
    // it is stored is unknown). Lower: a short broker restart ends the generation. Higher: a dead
    // broker is noticed later. The property message.timeout.ms wins over it.
    std::chrono::milliseconds message_timeout{10000};
    Batching batching = {};
};

// Idempotent, acks=all, gapless. Use and destroy it on `executor` only, which must run one handler
// at a time and outlive it; verdicts are delivered there. Throws std::invalid_argument for
// properties that librdkafka does not know or that contradict these three. Destroying it gives up
// what is unsent without waiting; never blocks for longer than a few milliseconds (the client is
// closed on a thread of its own, which is joined when the executor's context ends).
std::unique_ptr<Producer> make_idempotent_producer(boost::asio::any_io_executor executor,
                                                   const ProducerConfig& config);

struct TransactionalConfig {
    ProducerConfig producer;
    // Of the transactional ids, "<id>-0" and so on: whoever opens a producer with the same one puts
    // every former one out of action. Each id needs the ACL "Write" on TransactionalId.
    std::string id;
    // How many ids take turns. With one alone each transaction waits some 15 ms for the broker to
    // finish the one before it; a third one gains next to nothing.
    int ids = 2;
    // After this long the broker aborts what a dead producer left open; until then readers of
    // committed messages wait. Must be above producer.message_timeout.
    std::chrono::milliseconds transaction_timeout{15000};
};

// Each `send` is one transaction. Returns once every id is ours: from then on nothing that a former
// producer with these ids sent or sends can become visible, beyond what already is (a marker may
// yet be under way: see Tail::stable_end). For the executor it is awaited on; use, destruction and
// exceptions as for the idempotent one. Throws `Error` when the brokers do not answer in time.
boost::asio::awaitable<std::unique_ptr<Producer>>
open_transactional_producer(TransactionalConfig config, TimePoint deadline);

}  // namespace exchange::kafka
