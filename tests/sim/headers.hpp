#pragma once

#include "kafka/producer.hpp"
#include "sim/world.hpp"

#include <string_view>

// What the relay writes into a message's headers; 0 for one that lacks it.
namespace exchange::sim {

std::int64_t number_header(const kafka::Message& message, std::string_view name);
std::string_view text_header(const kafka::Message& message, std::string_view name);

// Kafka will never take the event of this row, whenever it is sent.
bool is_poison(const World& world, const kafka::Message& message);

}  // namespace exchange::sim
