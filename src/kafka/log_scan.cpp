#include "kafka/log_scan.hpp"

#include "kafka/classify.hpp"
#include "kafka/metadata.hpp"
#include "kafka/reader.hpp"
#include "kafka/threads.hpp"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

// What is fetched ahead of the reader, a partition. Lower: less memory, and a reader that waits for
// the client, which notices only each second that there is room again.
constexpr const char* ahead_kbytes = "4096";

ClientConfig modest(ClientConfig config)
{
    config.properties.try_emplace("queued.max.messages.kbytes", ahead_kbytes);
    config.properties.try_emplace("fetch.message.max.bytes", "1048576");
    return config;
}

// The blocking half: one client, and a queue of its own for each partition being read.
class Scanner {
public:
    Scanner(const ClientConfig& config, const std::vector<TopicPartition>& partitions,
            std::vector<std::string> headers, TimePoint deadline)
        : client_{open_reader(modest(config), Isolation::committed)}, headers_{std::move(headers)}
    {
        require(partitions, deadline);
        for (const TopicPartition& at : partitions) ranges_[at] = ask_range(at, deadline);
    }
    ~Scanner()
    {
        for (const auto& [at, position] : positions_)
            rd_kafka_consume_stop(client_.topic(at.topic), at.partition);
    }
    Scanner(const Scanner&) = delete;
    Scanner& operator=(const Scanner&) = delete;

    const std::map<TopicPartition, LogRange>& ranges() const { return ranges_; }

    std::vector<ScannedMessage> read(const TopicPartition& at, std::size_t most, TimePoint deadline)
    {
        const LogRange range = ranges_.at(at);
        std::vector<ScannedMessage> found;
        if (range.begin >= range.end || ended_.contains(at)) return found;
        if (!positions_.contains(at)) start(at, range.begin);
        rd_kafka_topic_t* topic = client_.topic(at.topic);
        while (found.size() < most && !ended_.contains(at)) {
            // Whatever is at hand goes to the reader at once.
            const int wait_ms = found.empty() ? std::min(ms_until(deadline), 1000) : 0;
            const Received message{rd_kafka_consume(topic, at.partition, wait_ms)};
            client_.note_waiting();
            if (message) {
                take(at, *message, range, found);
                continue;
            }
            if (!found.empty()) break;
            if (ms_until(deadline) == 0)
                throw explain(client_.trouble(),
                              fmt::format("Kafka {}[{}]", at.topic, at.partition),
                              RD_KAFKA_RESP_ERR__TIMED_OUT);
        }
        return found;
    }

private:
    void require(const std::vector<TopicPartition>& partitions, TimePoint deadline)
    {
        std::set<std::string> topics;
        for (const TopicPartition& at : partitions) topics.insert(at.topic);
        const auto counts = partition_counts(client_, {topics.begin(), topics.end()}, deadline);
        for (const TopicPartition& at : partitions) {
            const auto count = counts.find(at.topic);
            if (count == counts.end()) throw missing_topic(at.topic);
            if (at.partition >= count->second)
                throw make_error(fmt::format("Kafka {}[{}]", at.topic, at.partition),
                                 RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        }
    }

    // To a reader of committed messages the end is the last stable offset.
    LogRange ask_range(const TopicPartition& at, TimePoint deadline)
    {
        LogRange range;
        const rd_kafka_resp_err_t failed =
            rd_kafka_query_watermark_offsets(client_.handle(), at.topic.c_str(), at.partition,
                                             &range.begin, &range.end, ms_until(deadline));
        client_.note_waiting();
        if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
            throw explain(client_.trouble(), fmt::format("Kafka {}[{}]", at.topic, at.partition),
                          failed);
        return range;
    }

    void start(const TopicPartition& at, std::int64_t offset)
    {
        rd_kafka_topic_t* topic = client_.topic(at.topic);
        if (!topic || rd_kafka_consume_start(topic, at.partition, offset) != 0)
            throw make_error("Kafka read", rd_kafka_last_error());
        positions_[at] = offset;
    }

    // What is not needed any more is not fetched any more.
    void end(const TopicPartition& at)
    {
        rd_kafka_consume_stop(client_.topic(at.topic), at.partition);
        positions_.erase(at);
        ended_.insert(at);
    }

    void take(const TopicPartition& at, const rd_kafka_message_t& message, LogRange range,
              std::vector<ScannedMessage>& found)
    {
        if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return end(at);
        if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (classify(message.err) == Fault::unavailable) return;
            throw make_error(fmt::format("Kafka {}[{}]", at.topic, at.partition), message.err);
        }
        if (message.offset < range.end) found.push_back(decode(message));
        if (message.offset + 1 >= range.end) end(at);
    }

    ScannedMessage decode(const rd_kafka_message_t& message) const
    {
        ScannedMessage scanned;
        scanned.offset = message.offset;
        scanned.key.assign(static_cast<const char*>(message.key), message.key_len);
        scanned.headers.resize(headers_.size());
        rd_kafka_headers_t* headers = nullptr;
        if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return scanned;
        const char* name = nullptr;
        const void* value = nullptr;
        std::size_t size = 0;
        for (std::size_t at = 0; rd_kafka_header_get_all(headers, at, &name, &value, &size) ==
                                 RD_KAFKA_RESP_ERR_NO_ERROR;
             ++at) {
            const std::string_view is{name};
            for (std::size_t wanted = 0; wanted < headers_.size(); ++wanted)
                if (is == headers_[wanted])
                    scanned.headers[wanted].assign(static_cast<const char*>(value), size);
        }
        return scanned;
    }

    Client client_;
    std::vector<std::string> headers_;
    std::map<TopicPartition, LogRange> ranges_;
    std::map<TopicPartition, std::int64_t> positions_;
    std::set<TopicPartition> ended_;
};

class LogScanOnThreads final : public LogScan {
public:
    explicit LogScanOnThreads(std::shared_ptr<Scanner> scanner) : scanner_{std::move(scanner)} {}

    const std::map<TopicPartition, LogRange>& ranges() const override { return scanner_->ranges(); }

    asio::awaitable<std::vector<ScannedMessage>> read(TopicPartition partition, std::size_t most,
                                                      TimePoint deadline) override
    {
        std::function<std::vector<ScannedMessage>()> work =
            [scanner = scanner_, partition = std::move(partition), most, deadline] {
                return scanner->read(partition, most, deadline);
            };
        co_return co_await run_blocking(std::move(work), deadline);
    }

private:
    std::shared_ptr<Scanner> scanner_;
};

}  // namespace

asio::awaitable<std::unique_ptr<LogScan>> open_log_scan(ClientConfig config,
                                                        std::vector<TopicPartition> partitions,
                                                        std::vector<std::string> headers,
                                                        TimePoint deadline)
{
    std::function<std::shared_ptr<Scanner>()> work = [config = std::move(config),
                                                      partitions = std::move(partitions),
                                                      headers = std::move(headers), deadline] {
        return std::make_shared<Scanner>(config, partitions, headers, deadline);
    };
    std::shared_ptr<Scanner> scanner = co_await run_blocking(std::move(work), deadline);
    co_return std::make_unique<LogScanOnThreads>(std::move(scanner));
}

}  // namespace exchange::kafka
