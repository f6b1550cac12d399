#pragma once

#include "base/ids.hpp"
#include "kafka/producer.hpp"
#include "kafka/tails.hpp"
#include "record/event.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What the relay works on: a window of a lane's rows, the bundles their raw bytes go into, and the
// messages that announce them. Pure: nothing here does I/O (docs/ARCHITECTURE.md, "Relay").
namespace exchange::outbox {

using Sha256 = std::array<std::uint8_t, 32>;

// Why a row's topic cannot take it.
enum class Parked { no, topic_missing, topic_denied };

// One row of the outbox. Views point into the window's storage.
struct OutboxRow {
    OutboxId id;
    std::string_view topic;
    RecordId record_id;
    Uuid event_id;
    std::string_view source;
    std::string_view kind;
    std::string_view schema_hint;
    record::Api api = record::Api::v1;
    Sha256 sha256{};
    std::string_view correlation_id;
    std::string_view traceparent;
    std::int64_t created_at_us = 0;
    std::int32_t size = 0;
    std::string_view body;
    // Not to be published: it, or an earlier row of its record, is in quarantine.
    bool held = false;
    // Held for its topic alone.
    Parked parked = Parked::no;
};

// Rows (from, to] of a lane, rising.
struct Window {
    OutboxId from;
    OutboxId to;
    std::vector<OutboxRow> rows;
    std::shared_ptr<const void> storage;
};

// One object of the raw store: bodies of one source, byte for byte, newline between.
struct Bundle {
    std::string source;
    std::string bucket;
    std::string key;         // as the store is asked for it
    std::string object_key;  // as it stands in the bucket: for events and the database
    Sha256 sha256{};
    std::uint64_t size = 0;
    std::string bytes;  // empty but between its making and its storing
    std::vector<std::int64_t> ids;
    std::vector<std::int32_t> lengths;
};

// Where bundles go. Held rows are bundled too: their raw bytes are owed to the store like any
// other's.
struct BundleTerms {
    LaneId lane{};
    std::string bucket;
    std::string key_prefix;
    std::size_t bytes_max = 0;
};
std::vector<Bundle> make_bundles(const BundleTerms& terms, const Window& window);

// For bundles that were planned before. Whether they lie where bundles go now, and how to say that
// they belong there from now on.
bool lie_there(const BundleTerms& terms, const std::vector<Bundle>& bundles);
void move_there(const BundleTerms& terms, std::vector<Bundle>& bundles);

// Fills their bytes and keys from the raw bytes of their rows, to store them once more. False when
// they would not be the same objects.
bool refill_bundles(const BundleTerms& terms, const Window& window, std::vector<Bundle>& bundles);

// bundles/<lane>/<first id>-<last id>-<source>-<sha256>: listing a lane gives its bundles in id
// order, and writing a bundle again writes the same object. Flat, since stores that keep objects as
// files would make a directory for each.
std::string bundle_key(LaneId lane, const Bundle& bundle);

// Where a topic-partition stands: its last record.
struct Position {
    std::int64_t offset = -1;
    std::int64_t sequence = 0;  // x-pseq, dense from 1
    std::int64_t last_id = 0;   // x-id
};
using Positions = std::map<kafka::TopicPartition, Position>;

// A message and the row it announces.
struct Outgoing {
    std::size_t row = 0;
    kafka::TopicPartition partition;
    kafka::Message message;
};

struct Batch {
    std::vector<Outgoing> outgoing;
    // Rows that the log holds already (their id is not above their partition's tail).
    std::size_t passed_over = 0;
    std::size_t held = 0;
};

// Where an event of this row belongs; the topic by its full name.
kafka::TopicPartition place_of(const OutboxRow& row, const std::string& topic_prefix,
                               std::int32_t partitions);

// Renders what of the window is not in the log yet, numbering on from `positions`. Throws
// std::logic_error when a row is in no bundle.
struct BatchTerms {
    LaneId lane{};
    Epoch epoch;
    // Of every topic.
    std::int32_t partitions = 0;
    // Before the topic that the row names; lets several exchanges share one Kafka.
    std::string topic_prefix;
};
Batch make_batch(const BatchTerms& terms, const Window& window, const std::vector<Bundle>& bundles,
                 const Positions& positions);

// The messages, in order; the rest of the batch stays.
std::vector<kafka::Message> take_messages(Batch& batch);

}  // namespace exchange::outbox
