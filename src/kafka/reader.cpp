#include "kafka/reader.hpp"

#include "kafka/classify.hpp"

namespace exchange::kafka {

Client open_reader(const ClientConfig& config, Isolation isolation)
{
    std::vector<Property> defaults = common_defaults();
    const std::vector<Property> ours{
        {"fetch.wait.max.ms", "10"},
        {"fetch.error.backoff.ms", "20"},
        // Retention may pass our starting point between asking for it and reading.
        {"auto.offset.reset", "earliest"},
    };
    defaults.insert(defaults.end(), ours.begin(), ours.end());
    const char* level = isolation == Isolation::committed ? "read_committed" : "read_uncommitted";
    const Presets presets{.defaults = std::move(defaults),
                          .fixed = {{"isolation.level", level},
                                    {"enable.partition.eof", "true"},
                                    {"allow.auto.create.topics", "false"},
                                    {"enable.auto.commit", "false"}},
                          .forbidden = {}};
    Conf conf = make_conf(config, presets);
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    return Client{RD_KAFKA_CONSUMER, std::move(conf)};
}

Reading::Reading(Client& client) : client_{client}, queue_{rd_kafka_queue_new(client.handle())} {}

Reading::~Reading()
{
    for (const auto& [topic, partition] : started_)
        rd_kafka_consume_stop(client_.topic(topic), partition);
}

void Reading::start(const std::string& topic, std::int32_t partition, std::int64_t offset)
{
    rd_kafka_topic_t* handle = client_.topic(topic);
    if (!handle || rd_kafka_consume_start_queue(handle, partition, offset, queue_.get()) != 0)
        throw make_error("Kafka read", rd_kafka_last_error());
    started_.emplace_back(topic, partition);
}

void Reading::seek(const std::string& topic, std::int32_t partition, std::int64_t offset)
{
    const rd_kafka_resp_err_t failed = rd_kafka_seek(client_.topic(topic), partition, offset, 0);
    if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) throw make_error("Kafka seek", failed);
}

Received Reading::next(int wait_ms)
{
    return Received{rd_kafka_consume_queue(queue_.get(), wait_ms)};
}

std::map<std::string, std::string> headers_of(const rd_kafka_message_t& message)
{
    std::map<std::string, std::string> found;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return found;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
        found[name] = std::string{static_cast<const char*>(value), size};
    return found;
}

}  // namespace exchange::kafka
