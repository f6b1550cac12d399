#include "kafka/admin_call.hpp"

#include <algorithm>
#include <array>

namespace exchange::kafka {

Event admin_call(Client& client, rd_kafka_admin_op_t operation, std::string_view what,
                 const AdminRequest& request, TimePoint deadline)
{
    const AdminOptions options{rd_kafka_AdminOptions_new(client.handle(), operation)};
    std::array<char, 256> text{};
    // librdkafka takes no time-out of 0; one past the deadline fails at once either way.
    const int timeout_ms = std::max(1, ms_until(deadline));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text.data(), text.size());
    const Queue answers{rd_kafka_queue_new(client.handle())};
    request(options.get(), answers.get());

    // librdkafka answers by itself when the time-out is over; the extra second only guards.
    Event answer{rd_kafka_queue_poll(answers.get(), timeout_ms + 1000)};
    client.note_waiting();
    if (!answer) throw explain(client.trouble(), what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    const rd_kafka_resp_err_t failed = rd_kafka_event_error(answer.get());
    if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) throw explain(client.trouble(), what, failed);
    return answer;
}

}  // namespace exchange::kafka
