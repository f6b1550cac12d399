#pragma once

#include <map>
#include <string>

namespace exchange::kafka {

struct ClientConfig {
    // host:port, comma-separated (KAFKA_BROKERS).
    std::string brokers;
    // Any librdkafka property, by its own name; wins over ours except where exactly-once depends on
    // it (idempotence, acks, gapless guarantee): there a contradiction throws
    // std::invalid_argument.
    std::map<std::string, std::string> properties;
    std::string client_id = "exchange";
};

}  // namespace exchange::kafka
