#pragma once

#include "kafka/conf.hpp"
#include "kafka/producer.hpp"
#include "kafka/sender.hpp"

#include <chrono>
#include <memory>

// What both kinds of producer have in common.
namespace exchange::kafka {

// The user's settings, but for those that would undo what `config` asks for.
ClientConfig client_config(const ProducerConfig& config);

// Defaults only; what a kind depends on is its own to add.
Presets producer_presets(const ProducerConfig& config);

// The property message.timeout.ms in force. Throws std::invalid_argument when it is none.
std::chrono::milliseconds message_timeout(const rd_kafka_conf_t& conf);

// A client with this configuration and the sender that feeds it.
std::shared_ptr<Sender> start_sender(boost::asio::any_io_executor executor, Conf conf,
                                     Sender::Farewell farewell = nullptr);

}  // namespace exchange::kafka
