#pragma once

#include <cstdint>
#include <string_view>

namespace exchange {

// Kafka's default partitioner: murmur2 of the key, sign bit cleared. The partition of a key is this
// value modulo the partition count (org.apache.kafka.common.utils.Utils).
std::uint32_t murmur2_positive(std::string_view key);

}  // namespace exchange
