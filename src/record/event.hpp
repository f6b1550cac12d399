#pragma once

#include "base/ids.hpp"
#include "record/submission.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The event `record.ingested` as it goes to Kafka (contracts/asyncapi.yaml). Pure. No identity.
namespace exchange::record {

struct RawObject {
    std::string_view bucket{};
    std::string_view key{};
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::string_view sha256_hex{};
};

struct RecordIngested {
    Api api = Api::v1;
    Uuid event_id{};
    // Microseconds since the Unix epoch; rendered as RFC 3339 in UTC.
    std::int64_t occurred_at_us = 0;
    std::string_view correlation_id{};
    std::string_view source{};
    RecordId record_id{};
    std::string_view kind{};         // rendered for v2 only
    std::string_view schema_hint{};  // rendered for v2 only
    RawObject raw{};
    std::string_view traceparent{};  // empty: no header
};

// Topic of an API version: record.ingested.v1 / .v2.
std::string_view topic(Api api);

// The message value: one JSON object, members in the contract's order.
std::string render_value(const RecordIngested& event);

// CloudEvents 1.0 Kafka binding, binary mode (ce_specversion, ce_id, ce_source, ce_type, ce_time,
// ce_subject, content-type), and traceparent.
std::vector<std::pair<std::string, std::string>> render_headers(const RecordIngested& event);

// RFC 3339 with microseconds and Z.
std::string render_time(std::int64_t unix_us);

}  // namespace exchange::record
