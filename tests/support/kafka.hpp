#pragma once

#include "kafka/admin.hpp"
#include "kafka/classify.hpp"
#include "kafka/metadata.hpp"
#include "kafka/reader.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// For tests against a real broker: its address, topics of their own, and all that a topic holds.
namespace exchange::testing {

inline std::string kafka_address()
{
    const char* address = std::getenv("EXCHANGE_TEST_KAFKA");
    if (!address || !*address)
        throw std::runtime_error{"EXCHANGE_TEST_KAFKA is not set: this test needs a Kafka broker "
                                 "at host:port; `./dev test` starts one"};
    return address;
}

inline kafka::ClientConfig kafka_client()
{
    return {.brokers = kafka_address(), .properties = {}};
}

// Runs the context until the coroutine has ended, though other work (a producer's watch) goes on.
template <class T>
T run_until_done(boost::asio::io_context& io, boost::asio::awaitable<T> coroutine)
{
    std::exception_ptr failure;
    std::optional<T> result;
    bool done = false;
    boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr error, T value) {
        failure = error;
        result = std::move(value);
        done = true;
    });
    io.restart();
    while (!done) io.run_one();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
}

inline void run_until_done(boost::asio::io_context& io, boost::asio::awaitable<void> coroutine)
{
    std::exception_ptr failure;
    bool done = false;
    boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr error) {
        failure = error;
        done = true;
    });
    io.restart();
    while (!done) io.run_one();
    if (failure) std::rethrow_exception(failure);
}

inline std::string unique_topic_name()
{
    std::random_device random;
    return "test-" + std::to_string(random()) + "-" + std::to_string(random());
}

// A new topic with a name that no other test has.
inline std::string make_topic(std::int32_t partitions = 1,
                              std::map<std::string, std::string> config = {})
{
    boost::asio::io_context io;
    std::vector<kafka::TopicSpec> specs{{.name = unique_topic_name(),
                                         .partitions = partitions,
                                         .replication_factor = -1,
                                         .config = std::move(config)}};
    const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{30};
    return run_until_done(io, kafka::create_topics(kafka_client(), std::move(specs), deadline))
        .at(0);
}

struct LoggedMessage {
    std::int32_t partition;
    std::int64_t offset;
    std::string key;
    std::string value;
    std::map<std::string, std::string> headers;
};

// Everything in the topic up to its end, partition by partition in offset order. Blocks.
inline std::vector<LoggedMessage>
read_topic(const std::string& topic, kafka::Isolation isolation = kafka::Isolation::committed)
{
    const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{30};
    kafka::Client client = kafka::open_reader(kafka_client(), isolation);
    const auto counts = kafka::partition_counts(client, {topic}, deadline);
    if (!counts.contains(topic)) throw kafka::missing_topic(topic);
    kafka::Reading reading{client};
    std::int32_t open = counts.at(topic);
    for (std::int32_t partition = 0; partition < open; ++partition)
        reading.start(topic, partition, RD_KAFKA_OFFSET_BEGINNING);
    std::vector<LoggedMessage> read;
    while (open > 0) {
        const kafka::Received message = reading.next(kafka::ms_until(deadline));
        if (!message) throw std::runtime_error{"topic " + topic + " was not read in time"};
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            --open;
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            read.push_back({message->partition,
                            message->offset,
                            {static_cast<const char*>(message->key), message->key_len},
                            {static_cast<const char*>(message->payload), message->len},
                            kafka::headers_of(*message)});
        } else if (kafka::classify(message->err) != kafka::Fault::unavailable) {
            throw kafka::make_error("reading topic " + topic, message->err);
        }
    }
    std::ranges::sort(read, {}, [](const LoggedMessage& message) {
        return std::pair{message.partition, message.offset};
    });
    return read;
}

}  // namespace exchange::testing
