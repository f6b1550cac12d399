#include "base/murmur2.hpp"
#include "sim/headers.hpp"
#include "sim/referee.hpp"

#include <fmt/format.h>

// The referee's verdict at the end of a run.
namespace exchange::sim {

void Referee::judge(const Clients& clients)
{
    std::map<std::int64_t, int> seen;
    for (const auto& [partition, log] : broker_->logs()) judge_log(partition, log, seen);
    for (const LaneId lane : all_lanes()) {
        judge_lane(lane, seen);
        judge_quarantine(lane, seen);
    }
    judge_answers(clients);
}

// As a reader of committed messages sees it; in idempotent mode, one that drops what it has seen.
void Referee::judge_log(const kafka::TopicPartition& partition, const PartitionLog& log,
                        std::map<std::int64_t, int>& seen)
{
    std::int64_t last_id = 0;
    std::int64_t last_sequence = 0;
    std::int64_t last_epoch = 0;
    const auto wrong = [&](std::string_view what, std::int64_t id) {
        world_.violated(
            fmt::format("{}/{}: {} at row {}", partition.topic, partition.partition, what, id));
    };
    for (const LogEntry& entry : log.entries) {
        if (entry.kind != LogEntry::Kind::data || entry.decision != Decision::committed) continue;
        const std::int64_t id = number_header(*entry.message, "x-id");
        const std::int64_t sequence = number_header(*entry.message, "x-pseq");
        const std::int64_t epoch = number_header(*entry.message, "x-epoch");
        if (id <= last_id && !world_.plan.transactional) {
            world_.count("copy in idempotent mode");
            continue;
        }
        if (id == 0) wrong("a message without an event", last_id);
        else if (id <= last_id) wrong("a repeated or late event", id);
        if (sequence != last_sequence + 1) wrong("a gap or a step back in the sequence", id);
        // A former producer's late request may be the only copy of its events.
        if (epoch < last_epoch && world_.plan.transactional) wrong("a falling epoch", id);
        last_id = id;
        last_sequence = sequence;
        last_epoch = epoch;
        ++seen[id];
        judge_record(partition, *entry.message);
    }
}

void Referee::judge_record(const kafka::TopicPartition& partition, const kafka::Message& message)
{
    const std::int64_t id = number_header(message, "x-id");
    const auto& rows = postgres_->lane(lane_of(partition, id)).rows;
    const auto found = rows.find(id);
    if (found == rows.end()) {
        world_.violated(fmt::format("row {} is in the log and not in its lane", id));
        return;
    }
    const StoredRow& row = *found->second;
    const std::string record = to_string(row.record_id.value);
    const auto partitions = static_cast<std::uint32_t>(world_.plan.partitions);
    const bool right =
        row.topic == partition.topic && message.key == record &&
        murmur2_positive(record) % partitions == static_cast<std::uint32_t>(partition.partition) &&
        text_header(message, "ce_id") == to_string(row.event_id);
    if (!right) world_.violated(fmt::format("the event of row {} is another or elsewhere", id));
}

void Referee::judge_lane(LaneId id, const std::map<std::int64_t, int>& seen)
{
    const Postgres::Lane& lane = postgres_->lane(id);
    for (const auto& [row, stored] : lane.rows) {
        const bool quarantined = postgres_->is_quarantined(stored->id);
        const auto found = seen.find(row);
        const int times = found == seen.end() ? 0 : found->second;
        if (times == 0 && !quarantined) world_.violated(fmt::format("row {} is lost", row));
        if (times > 1) world_.violated(fmt::format("row {} is doubled", row));
        if (times > 0 && quarantined)
            world_.violated(fmt::format("row {} is published and quarantined", row));
    }
    std::int64_t planned = 0;
    for (const Postgres::Planned& window : lane.windows)
        planned += static_cast<std::int64_t>(window.window.window.rows.size());
    if (planned != static_cast<std::int64_t>(lane.rows.size()))
        world_.violated(fmt::format("lane {} has {} rows and planned {}", number(id),
                                    lane.rows.size(), planned));
    if (lane.windows.size() != lane.published.size())
        world_.violated(fmt::format("lane {} planned {} windows and recorded {}", number(id),
                                    lane.windows.size(), lane.published.size()));
}

// Only what Kafka refuses is in quarantine, and later events of the same record.
void Referee::judge_quarantine(LaneId id, const std::map<std::int64_t, int>& seen)
{
    std::set<RecordId> held;
    for (const auto& [row, stored] : postgres_->lane(id).rows) {
        const auto found = postgres_->quarantine().find(row);
        if (found == postgres_->quarantine().end()) {
            if (held.contains(stored->record_id) && seen.contains(row))
                world_.violated(
                    fmt::format("row {} overtook an earlier one of its record in quarantine", row));
            continue;
        }
        if (found->second.code == "key_held" && !held.contains(stored->record_id))
            world_.violated(fmt::format("row {} is held for no earlier one", row));
        held.insert(stored->record_id);
    }
}

void Referee::judge_answers(const Clients& clients)
{
    for (const Clients::Submission& submission : clients.submissions()) {
        const auto known = postgres_->keys().find({submission.row->source, submission.row->key});
        if (known == postgres_->keys().end() || !submission.answer) {
            world_.violated(fmt::format("{} was never stored or answered", submission.row->key));
            continue;
        }
        if (known->second.record_id != submission.answer->record_id)
            world_.violated(fmt::format("{} was answered with another id", submission.row->key));
    }
}

}  // namespace exchange::sim
