#include "sim/referee.hpp"

#include "base/murmur2.hpp"
#include "crypto/digest.hpp"
#include "sim/headers.hpp"

#include <fmt/format.h>

namespace exchange::sim {
namespace {

std::string name(const kafka::TopicPartition& partition)
{
    return fmt::format("{}/{}", partition.topic, partition.partition);
}

}  // namespace

void Referee::watch(Postgres& postgres, Broker& broker, Objects& objects)
{
    postgres_ = &postgres;
    broker_ = &broker;
    objects_ = &objects;
    broker.on_stored = [this](const kafka::TopicPartition& partition, std::int64_t offset,
                              const kafka::Message& message) {
        stored(partition, offset, message);
    };
}

LaneId Referee::lane_of(const kafka::TopicPartition& partition) const
{
    return LaneId{static_cast<std::int16_t>(partition.partition % postgres_->layout().lanes)};
}

LaneId Referee::lane_of(const kafka::TopicPartition& partition, std::int64_t id) const
{
    return outbox::lane_at(postgres_->layouts(), partition.partition, id);
}

std::vector<LaneId> Referee::all_lanes() const
{
    std::vector<LaneId> lanes;
    for (std::int16_t lane = 0; lane < postgres_->layout().lanes_ever; ++lane)
        lanes.push_back(LaneId{lane});
    return lanes;
}

void Referee::stored(const kafka::TopicPartition& partition, std::int64_t offset,
                     const kafka::Message& message)
{
    const std::int64_t id = number_header(message, "x-id");
    if (id == 0) return;
    places_[id].push_back({partition, offset});
    const auto raw = raw_of_.find(id);
    if (raw == raw_of_.end()) world_.violated(fmt::format("row {} left before it was planned", id));
    else if (message.value.find(raw->second.as_named) == std::string::npos)
        world_.violated(fmt::format("the event of row {} names other bytes", id));
    else if (const std::string* body = objects_->find(raw->second.object);
             !body || crypto::sha256(*body) != raw->second.sha256)
        world_.violated(fmt::format("row {} left before its bundle was stored", id));
}

void Referee::check_bundle(LaneId lane, const outbox::Bundle& bundle)
{
    std::string bytes;
    for (std::size_t at = 0; at < bundle.ids.size(); ++at) {
        const auto row = postgres_->lane(lane).rows.find(bundle.ids[at]);
        const auto length = static_cast<std::size_t>(bundle.lengths[at]);
        if (row == postgres_->lane(lane).rows.end() || row->second->body.size() != length) {
            world_.violated(fmt::format("row {} has other bytes in its bundle", bundle.ids[at]));
            return;
        }
        if (at > 0) bytes.push_back('\n');
        bytes += row->second->body;
    }
    if (crypto::sha256(bytes) != bundle.sha256)
        world_.violated(fmt::format("bundle {} has other bytes than its rows", bundle.object_key));
    expect_named(bundle);
}

void Referee::expect_named(const outbox::Bundle& bundle)
{
    std::size_t offset = 0;
    for (std::size_t at = 0; at < bundle.ids.size(); ++at) {
        const auto length = static_cast<std::size_t>(bundle.lengths[at]);
        const std::string as_named =
            fmt::format(R"("bucket":"{}","key":"{}","offset":{},"length":{})", bundle.bucket,
                        bundle.object_key, offset, length);
        raw_of_[bundle.ids[at]] = {as_named, bundle.bucket + "/" + bundle.object_key,
                                   bundle.sha256};
        offset += length + 1;
    }
}

void Referee::moved(const outbox::PlannedWindow& window)
{
    for (const outbox::OutboxRow& row : window.window.rows)
        if (is_in_log(row.id.value))
            world_.violated(
                fmt::format("the bundle of row {} was moved, and its event is out", row.id.value));
    for (const outbox::Bundle& bundle : window.bundles) expect_named(bundle);
}

void Referee::planned(LaneId id, const outbox::PlannedWindow& planned)
{
    const Postgres::Lane& lane = postgres_->lane(id);
    if (planned.window.from != lane.planned_up_to())
        world_.violated(fmt::format("lane {}: windows overlap or leave a gap at id {}", number(id),
                                    planned.window.from.value));
    auto row = lane.rows.upper_bound(planned.window.from.value);
    for (const outbox::OutboxRow& planned_row : planned.window.rows) {
        if (row == lane.rows.end() || row->first != planned_row.id.value) {
            world_.violated(
                fmt::format("a window leaves row {} out", row == lane.rows.end() ? 0 : row->first));
            break;
        }
        ++row;
    }
    for (const outbox::Bundle& bundle : planned.bundles) check_bundle(id, bundle);
}

bool Referee::is_in_log(std::int64_t id) const
{
    const auto places = places_.find(id);
    if (places == places_.end()) return false;
    for (const Place& place : places->second)
        if (broker_->log(place.partition).entries[static_cast<std::size_t>(place.offset)].counts())
            return true;
    return false;
}

void Referee::recorded(LaneId id, Epoch epoch, const outbox::PublishedWindow& window)
{
    const Postgres::Lane& lane = postgres_->lane(id);
    if (window.to <= lane.published_up_to())
        world_.violated(fmt::format("row {} was recorded out of order", window.to.value));
    for (auto row = lane.rows.upper_bound(lane.published_up_to().value);
         row != lane.rows.end() && row->first <= window.to.value; ++row) {
        const bool missing = !is_in_log(row->first) && !postgres_->is_quarantined(row->second->id);
        if (missing)
            world_.violated(
                fmt::format("row {} was recorded as published and is not in the log", row->first));
    }
    for (const Postgres::Planned& planned : lane.windows) {
        if (planned.window.window.to != window.to || planned.epoch == epoch) continue;
        world_.count("plan finished by a later owner");
        const auto passed = [&](const outbox::OutboxRow& row) {
            const auto places = places_.find(row.id.value);
            if (places == places_.end()) return false;
            const Place& first = places->second.front();
            const LogEntry& entry =
                broker_->log(first.partition).entries[static_cast<std::size_t>(first.offset)];
            return entry.counts() && number_header(*entry.message, "x-epoch") < epoch.value;
        };
        for (const outbox::OutboxRow& row : planned.window.window.rows)
            if (passed(row)) world_.count("row passed over by its tail");
    }
    check_positions(id, window);
}

void Referee::check_positions(LaneId id, const outbox::PublishedWindow& window)
{
    for (const auto& [partition, log] : broker_->logs()) {
        if (lane_of(partition) != id) continue;
        std::int64_t offset = -1;
        std::int64_t last_id = 0;
        std::int64_t sequence = 0;
        for (std::size_t at = 0; at < log.entries.size(); ++at) {
            const LogEntry& entry = log.entries[at];
            if (entry.kind != LogEntry::Kind::data || !entry.counts()) continue;
            const std::int64_t row = number_header(*entry.message, "x-id");
            if (row <= last_id || row > window.to.value) continue;
            last_id = row;
            offset = static_cast<std::int64_t>(at);
            sequence = number_header(*entry.message, "x-pseq");
        }
        const auto found = window.positions.find(partition);
        const outbox::Position position =
            found == window.positions.end() ? outbox::Position{} : found->second;
        // A copy's offset may be unknown: then what is recorded is a lower bound.
        const bool exact = world_.plan.transactional && world_.plan.forgotten_offset == 0;
        const bool wrong = exact ? position.offset != offset : position.offset >= log.end();
        if (position.sequence != sequence || wrong)
            world_.violated(
                fmt::format("{} was recorded at offset {}, sequence {}; it is at {}, {}",
                            name(partition), position.offset, position.sequence, offset, sequence));
    }
}

bool Referee::settled() const
{
    if (!broker_->nothing_open()) return false;
    return std::ranges::none_of(
        all_lanes(), [this](LaneId lane) { return postgres_->lane(lane).has_pending(); });
}

}  // namespace exchange::sim
