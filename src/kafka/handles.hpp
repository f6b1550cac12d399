#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

// Owners of librdkafka's objects.
namespace exchange::kafka {

template <auto destroy>
struct Destroyed {
    template <class T>
    void operator()(T* object) const
    {
        destroy(object);
    }
};

using Conf = std::unique_ptr<rd_kafka_conf_t, Destroyed<rd_kafka_conf_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroyed<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroyed<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroyed<rd_kafka_event_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, Destroyed<rd_kafka_error_destroy>>;
using Received = std::unique_ptr<rd_kafka_message_t, Destroyed<rd_kafka_message_destroy>>;
using Metadata =
    std::unique_ptr<const struct rd_kafka_metadata, Destroyed<rd_kafka_metadata_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      Destroyed<rd_kafka_topic_partition_list_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroyed<rd_kafka_NewTopic_destroy>>;
using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroyed<rd_kafka_ConfigResource_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyed<rd_kafka_AdminOptions_destroy>>;

}  // namespace exchange::kafka
