#pragma once

#include "kafka/client.hpp"

#include <map>
#include <string>
#include <vector>

// Reading partitions as they lie, without a consumer group: never makes topics, stores no position.
namespace exchange::kafka {

enum class Isolation { committed, uncommitted };

Client open_reader(const ClientConfig& config, Isolation isolation);

// Reads partitions of one client into one queue for as long as it lives. Blocks.
class Reading {
public:
    explicit Reading(Client& client);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    void start(const std::string& topic, std::int32_t partition, std::int64_t offset);
    // Goes on from `offset`; what was fetched from elsewhere is dropped.
    void seek(const std::string& topic, std::int32_t partition, std::int64_t offset);

    // The next message, partition end (err is RD_KAFKA_RESP_ERR__PARTITION_EOF) or error; null when
    // none came in time.
    Received next(int wait_ms);

private:
    Client& client_;
    Queue queue_;
    std::vector<std::pair<std::string, std::int32_t>> started_;
};

// The last value of each header.
std::map<std::string, std::string> headers_of(const rd_kafka_message_t& message);

}  // namespace exchange::kafka
