#pragma once

#include "kafka/client.hpp"

#include <functional>
#include <string_view>

// One request of librdkafka's admin interface, waited for.
namespace exchange::kafka {

// Starts a request with these options; its answer comes to the queue.
using AdminRequest = std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;

// Blocks until the answer or the deadline. Throws `Error` if the request as a whole failed.
Event admin_call(Client& client, rd_kafka_admin_op_t operation, std::string_view what,
                 const AdminRequest& request, TimePoint deadline);

}  // namespace exchange::kafka
