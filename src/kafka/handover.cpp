#include "kafka/handover.hpp"

namespace exchange::kafka {
namespace {

rd_kafka_vu_t argument(rd_kafka_vtype_t type)
{
    rd_kafka_vu_t made{};
    made.vtype = type;
    return made;
}

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, const std::string& text)
{
    rd_kafka_vu_t made = argument(type);
    // librdkafka takes void* but only copies from it (RD_KAFKA_MSG_F_COPY).
    made.u.mem.ptr = const_cast<char*>(text.data());
    made.u.mem.size = text.size();
    return made;
}

rd_kafka_vu_t header(const std::pair<std::string, std::string>& pair)
{
    rd_kafka_vu_t made = argument(RD_KAFKA_VTYPE_HEADER);
    made.u.header.name = pair.first.c_str();
    made.u.header.val = pair.second.data();
    made.u.header.size = static_cast<ssize_t>(pair.second.size());
    return made;
}

}  // namespace

rd_kafka_resp_err_t Handover::produce(Client& client, const Message& message, void* opaque)
{
    rd_kafka_vu_t topic = argument(RD_KAFKA_VTYPE_RKT);
    topic.u.rkt = client.topic(message.topic);
    if (!topic.u.rkt) return rd_kafka_last_error();
    rd_kafka_vu_t partition = argument(RD_KAFKA_VTYPE_PARTITION);
    partition.u.i32 = message.partition;
    rd_kafka_vu_t flags = argument(RD_KAFKA_VTYPE_MSGFLAGS);
    flags.u.i = RD_KAFKA_MSG_F_COPY;
    rd_kafka_vu_t given_back = argument(RD_KAFKA_VTYPE_OPAQUE);
    given_back.u.ptr = opaque;
    arguments_.assign({topic, partition, flags, given_back, bytes(RD_KAFKA_VTYPE_KEY, message.key),
                       bytes(RD_KAFKA_VTYPE_VALUE, message.value)});
    for (const auto& pair : message.headers) arguments_.push_back(header(pair));
    const KafkaError failed{
        rd_kafka_produceva(client.handle(), arguments_.data(), arguments_.size())};
    return failed ? rd_kafka_error_code(failed.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace exchange::kafka
