#pragma once

#include "kafka/client.hpp"
#include "kafka/handover.hpp"
#include "kafka/producer.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>

// Feeds batches to a librdkafka producer and collects the verdicts, on one executor and without a
// thread: librdkafka writes to an eventfd when it has events. Batches are handed over strictly in
// the order of `send`; while librdkafka's queue is full they wait here. At the first fault it is
// broken: nothing more is handed over, since a message that follows a lost one in the log would
// hide the hole from who reads the tail.
namespace exchange::kafka {

class Threads;

class Sender : public std::enable_shared_from_this<Sender> {
public:
    // What a client still does before it is destroyed, on that thread.
    using Farewell = void (*)(Client& client);

    // `patience`: how long librdkafka may stay silent while it owes verdicts. Longer than its own
    // message timeout, so it only ends waits that a defect would make endless.
    Sender(boost::asio::any_io_executor executor, std::shared_ptr<Client> client, Duration patience,
           Farewell farewell = nullptr);
    ~Sender();

    void start();

    // As Producer::send. Static, for the coroutine must keep the sender alive by itself.
    static boost::asio::awaitable<std::vector<Delivery>> send(std::shared_ptr<Sender> self,
                                                              std::vector<Message> messages);

    // Gives up: every message without a verdict gets one, the client is closed on another thread.
    void close();

    const std::shared_ptr<Client>& client() const { return client_; }

private:
    struct Batch;
    // What librdkafka hands back with a message.
    struct Slot {
        Batch* batch = nullptr;
        bool settled = false;
        Delivery delivery;
    };

    void watch();
    void drain();
    void handle(rd_kafka_event_t& event);
    void on_report(const rd_kafka_message_t& message);
    void pump();
    void settle(Slot& slot, Delivery delivery);
    void settle_rest(Batch& batch, std::size_t from, const std::string& why);
    void break_off(std::string why);
    void abandon(std::string why);
    TimePoint next_look() const;
    void look_after_late_verdicts();
    void purge_queue();
    Delivery verdict(rd_kafka_resp_err_t code, std::string_view topic,
                     std::int32_t partition) const;

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Client> client_;
    Threads& threads_;
    boost::asio::posix::stream_descriptor wakes_;
    Duration patience_;
    Farewell farewell_;
    TimePoint last_progress_{};
    // Batches not yet handed over completely, oldest first; each is also in `owed_`.
    std::deque<std::shared_ptr<Batch>> waiting_;
    // Batches with messages inside librdkafka, which points into them.
    std::vector<std::shared_ptr<Batch>> owed_;
    // Why nothing may be sent any more; empty while it may.
    std::string broken_;
    TimePoint broken_at_{};
    Handover handover_;
};

}  // namespace exchange::kafka
