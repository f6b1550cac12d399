#include "outbox/window.hpp"

#include "base/hex.hpp"
#include "base/murmur2.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <unordered_map>

namespace exchange::outbox {
namespace {

struct Placement {
    const Bundle* bundle = nullptr;
    std::uint64_t offset = 0;
};
using Placements = std::unordered_map<std::int64_t, Placement>;

Placements place(const std::vector<Bundle>& bundles)
{
    Placements placements;
    for (const Bundle& bundle : bundles) {
        std::uint64_t offset = 0;
        for (std::size_t member = 0; member < bundle.ids.size(); ++member) {
            placements[bundle.ids[member]] = {&bundle, offset};
            offset += static_cast<std::uint64_t>(bundle.lengths[member]) + 1;
        }
    }
    return placements;
}

kafka::Message render(const BatchTerms& terms, const OutboxRow& row, const Placement& placement,
                      const kafka::TopicPartition& partition, std::int64_t sequence)
{
    const std::string sha256 = to_hex(row.sha256);
    record::RecordIngested event;
    event.api = row.api;
    event.event_id = row.event_id;
    event.occurred_at_us = row.created_at_us;
    event.correlation_id = row.correlation_id;
    event.source = row.source;
    event.record_id = row.record_id;
    event.kind = row.kind;
    event.schema_hint = row.schema_hint;
    event.traceparent = row.traceparent;
    event.raw = {placement.bundle->bucket, placement.bundle->object_key, placement.offset,
                 static_cast<std::uint64_t>(row.size), sha256};

    kafka::Message message;
    message.topic = partition.topic;
    message.partition = partition.partition;
    message.key = to_string(row.record_id.value);
    message.value = record::render_value(event);
    message.headers = record::render_headers(event);
    message.headers.emplace_back("x-id", std::to_string(row.id.value));
    message.headers.emplace_back("x-pseq", std::to_string(sequence));
    message.headers.emplace_back("x-lane", std::to_string(number(terms.lane)));
    message.headers.emplace_back("x-epoch", std::to_string(terms.epoch.value));
    return message;
}

}  // namespace

kafka::TopicPartition place_of(const OutboxRow& row, const std::string& topic_prefix,
                               std::int32_t partitions)
{
    const std::uint32_t hash = murmur2_positive(to_string(row.record_id.value));
    kafka::TopicPartition place;
    place.topic.append(topic_prefix).append(row.topic);
    place.partition = static_cast<std::int32_t>(hash % static_cast<std::uint32_t>(partitions));
    return place;
}

Batch make_batch(const BatchTerms& terms, const Window& window, const std::vector<Bundle>& bundles,
                 const Positions& positions)
{
    const Placements placements = place(bundles);
    std::map<kafka::TopicPartition, std::int64_t> sequences;
    Batch batch;
    for (std::size_t index = 0; index < window.rows.size(); ++index) {
        const OutboxRow& row = window.rows[index];
        if (row.held) {
            ++batch.held;
            continue;
        }
        kafka::TopicPartition partition = place_of(row, terms.topic_prefix, terms.partitions);
        const auto position = positions.find(partition);
        const Position at = position == positions.end() ? Position{} : position->second;
        if (row.id.value <= at.last_id) {
            ++batch.passed_over;
            continue;
        }
        const auto placement = placements.find(row.id.value);
        if (placement == placements.end())
            throw std::logic_error{fmt::format("outbox row {} is in no bundle", row.id.value)};
        const std::int64_t sequence = ++sequences.try_emplace(partition, at.sequence).first->second;
        kafka::Message message = render(terms, row, placement->second, partition, sequence);
        batch.outgoing.push_back({index, std::move(partition), std::move(message)});
    }
    return batch;
}

std::vector<kafka::Message> take_messages(Batch& batch)
{
    std::vector<kafka::Message> messages;
    messages.reserve(batch.outgoing.size());
    for (Outgoing& outgoing : batch.outgoing) messages.push_back(std::move(outgoing.message));
    return messages;
}

}  // namespace exchange::outbox
