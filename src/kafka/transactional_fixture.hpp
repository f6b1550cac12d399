#pragma once

#include "kafka/producer.hpp"
#include "kafka/tails.hpp"

#include "support/kafka.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

// A transactional producer on a true broker, and what readers of committed messages see of it.
namespace exchange::kafka {

using namespace std::chrono_literals;
using ::exchange::testing::kafka_client;
using ::exchange::testing::make_topic;
using ::exchange::testing::read_topic;
using ::exchange::testing::run_until_done;
using ::exchange::testing::unique_topic_name;

inline std::vector<Message> numbered(const std::string& topic, int first, int count,
                                     int partitions = 1)
{
    std::vector<Message> batch;
    for (int i = first; i < first + count; ++i)
        batch.push_back({.topic = topic,
                         .partition = i % partitions,
                         .key = "key",
                         .value = std::to_string(i),
                         .headers = {{"x-id", std::to_string(i)}}});
    return batch;
}

class Transactional : public ::testing::Test {
protected:
    std::unique_ptr<Producer> open(const std::string& base, int ids = 2)
    {
        TransactionalConfig config;
        config.producer.client = kafka_client();
        config.id = base;
        config.ids = ids;
        auto producer = run_until_done(
            io, open_transactional_producer(std::move(config), SteadyClock::now() + 30s));
        run_until_done(io, producer->prime({topic}, SteadyClock::now() + 10s));
        return producer;
    }

    // Verdicts on messages to a topic of one partition, by a producer of their own.
    std::vector<Delivery> send_batched(const std::string& to, Batching batching,
                                       std::vector<Message> batch)
    {
        TransactionalConfig config;
        config.producer.client = kafka_client();
        config.producer.batching = batching;
        config.id = unique_topic_name();
        const auto producer = run_until_done(
            io, open_transactional_producer(std::move(config), SteadyClock::now() + 30s));
        run_until_done(io, producer->prime({to}, SteadyClock::now() + 10s));
        return send(*producer, std::move(batch));
    }

    std::vector<Delivery> send(Producer& producer, std::vector<Message> batch)
    {
        return run_until_done(io, producer.send(std::move(batch)));
    }

    // What readers of committed messages see, once every marker is there.
    std::vector<std::string> values()
    {
        for (int attempt = 0; attempt < 200; ++attempt) {
            bool open_yet = false;
            std::vector<TopicPartition> all{{topic, 0}, {topic, 1}};
            const auto ends = run_until_done(
                io, read_tails(kafka_client(), std::move(all), SteadyClock::now() + 10s));
            for (const auto& [partition, tail] : ends) open_yet |= tail.stable_end < tail.end;
            if (open_yet) continue;
            std::vector<std::string> seen;
            for (const auto& message : read_topic(topic)) seen.push_back(message.value);
            return seen;
        }
        throw std::runtime_error{"a transaction stayed open"};
    }

    boost::asio::io_context io;
    std::string topic = make_topic(2);
    std::string id = unique_topic_name();
};

}  // namespace exchange::kafka
