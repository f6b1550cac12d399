#pragma once

#include "base/time.hpp"
#include "kafka/client_config.hpp"
#include "kafka/tails.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

// Reads whole partitions side by side, as a reader of committed messages sees them, from the first
// offset kept to the end as it was when the scan was opened. Memory is bounded: a few MB for each
// partition that is being read.
namespace exchange::kafka {

struct ScannedMessage {
    std::int64_t offset = 0;
    std::string key;
    // Of the headers asked for, in that order; empty where the message has none.
    std::vector<std::string> headers;
};

struct LogRange {
    // Offsets [begin, end).
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

class LogScan {
public:
    virtual ~LogScan() = default;

    virtual const std::map<TopicPartition, LogRange>& ranges() const = 0;

    // The next messages of a partition in offset order, at least one and at most `most`; none once
    // its end is reached. Throws `Error`. One call at a time.
    virtual boost::asio::awaitable<std::vector<ScannedMessage>>
    read(TopicPartition partition, std::size_t most, TimePoint deadline) = 0;
};

// Asks for the ends of all partitions. Throws `Error`: topic_missing, denied, unavailable.
boost::asio::awaitable<std::unique_ptr<LogScan>>
open_log_scan(ClientConfig config, std::vector<TopicPartition> partitions,
              std::vector<std::string> headers, TimePoint deadline);

}  // namespace exchange::kafka
