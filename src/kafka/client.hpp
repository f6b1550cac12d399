#pragma once

#include "base/time.hpp"
#include "kafka/conf.hpp"
#include "kafka/errors.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

// One librdkafka client: the handle, its main queue, an eventfd that tells of events, and what it
// last complained about. Used by one thread at a time, but for `handle()`, which librdkafka guards.
namespace exchange::kafka {

// The last complaint: brokers not reached, credentials refused. It explains a time-out.
struct Trouble {
    Fault fault = Fault::unavailable;
    std::string text;
};

class Client {
public:
    // Throws std::invalid_argument for settings that librdkafka refuses only now.
    Client(rd_kafka_type_t type, Conf conf);
    // Blocks while librdkafka's threads end: some milliseconds, at worst about a second.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    rd_kafka_t* handle() const { return handle_; }
    // Delivery reports, errors and logs.
    rd_kafka_queue_t* events() const { return events_.get(); }

    // Readable when `events()` went from empty to filled; stays open as long as this object.
    int wake_descriptor();

    // The topic's handle, kept until the client dies; null if the name is impossible, and then
    // rd_kafka_last_error() says why.
    rd_kafka_topic_t* topic(const std::string& name);

    // Takes note of an error or log event. True if the client is of no more use.
    bool note(rd_kafka_event_t& event);
    // Takes note of every event that waits, for clients whose only events are errors and logs.
    void note_waiting();

    const Trouble& trouble() const { return trouble_; }
    void forget_trouble() { trouble_ = {}; }
    // Why the client is of no more use; empty while it is.
    std::string fatal_reason() const;

private:
    rd_kafka_t* handle_;
    Queue events_;
    std::unordered_map<std::string, Topic> topics_;
    Trouble trouble_;
    int wake_descriptor_ = -1;
};

// For librdkafka's time-outs: at least 0, rounded up.
int ms_until(TimePoint deadline);

// An Error for a call that failed with `code`; a time-out is explained by the trouble behind it.
Error explain(const Trouble& trouble, std::string_view what, rd_kafka_resp_err_t code);

}  // namespace exchange::kafka
