#pragma once

#include "kafka/client.hpp"
#include "kafka/producer.hpp"

#include <vector>

// Hands single messages to librdkafka's queue.
namespace exchange::kafka {

class Handover {
public:
    // Copies the message; librdkafka gives `opaque` back with the delivery report. Does not block:
    // RD_KAFKA_RESP_ERR__QUEUE_FULL when there is no room.
    rd_kafka_resp_err_t produce(Client& client, const Message& message, void* opaque);

private:
    // Kept for its memory.
    std::vector<rd_kafka_vu_t> arguments_;
};

}  // namespace exchange::kafka
