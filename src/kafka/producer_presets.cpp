#include "kafka/producer_presets.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace exchange::kafka {

namespace {

// librdkafka looks for messages that timed out once a second, and for requests that did after them.
constexpr Duration patience_beyond_timeout = std::chrono::seconds{10};

// librdkafka's own, unless the settings have another or the topics take less. Nothing where it is
// not limited, or where the setting is no number: then librdkafka tells.
std::optional<std::int64_t> limited_batch_bytes(const ProducerConfig& config)
{
    if (config.batching.bytes_max <= 0) return std::nullopt;
    std::int64_t bytes = 1'000'000;
    const auto set = config.client.properties.find("batch.size");
    if (set != config.client.properties.end()) {
        const char* end = set->second.data() + set->second.size();
        const auto read = std::from_chars(set->second.data(), end, bytes);
        if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    }
    return std::min(bytes, config.batching.bytes_max);
}

}  // namespace

ClientConfig client_config(const ProducerConfig& config)
{
    ClientConfig client = config.client;
    if (config.batching.one_by_one) client.properties.erase("batch.num.messages");
    if (limited_batch_bytes(config)) client.properties.erase("batch.size");
    return client;
}

Presets producer_presets(const ProducerConfig& config)
{
    std::vector<Property> defaults = common_defaults();
    const std::vector<Property> ours{
        {"message.timeout.ms", std::to_string(config.message_timeout.count())},
        // A lone message leaves at once; under load batches form while requests are under way.
        {"linger.ms", "0"},
        {"batch.num.messages", config.batching.one_by_one ? "1" : "10000"},
        {"max.in.flight", "5"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "524288"},
        {"compression.type", "none"},
    };
    if (const auto bytes = limited_batch_bytes(config))
        defaults.emplace_back("batch.size", std::to_string(*bytes));
    defaults.insert(defaults.end(), ours.begin(), ours.end());
    return {.defaults = std::move(defaults), .fixed = {}, .forbidden = {}};
}

std::chrono::milliseconds message_timeout(const rd_kafka_conf_t& conf)
{
    // librdkafka has checked that it is a number.
    const std::string text = value_of(conf, "message.timeout.ms");
    const auto timeout = std::chrono::milliseconds{std::stoll(text)};
    if (timeout.count() <= 0)
        throw std::invalid_argument{"Kafka property message.timeout.ms must be above 0: every wait "
                                    "has an end. Hint: correct KAFKA_MESSAGE_TIMEOUT_MS."};
    return timeout;
}

std::shared_ptr<Sender> start_sender(boost::asio::any_io_executor executor, Conf conf,
                                     Sender::Farewell farewell)
{
    const Duration patience = message_timeout(*conf) + patience_beyond_timeout;
    rd_kafka_conf_set_events(conf.get(),
                             RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    auto client = std::make_shared<Client>(RD_KAFKA_PRODUCER, std::move(conf));
    auto sender =
        std::make_shared<Sender>(std::move(executor), std::move(client), patience, farewell);
    sender->start();
    return sender;
}

}  // namespace exchange::kafka
