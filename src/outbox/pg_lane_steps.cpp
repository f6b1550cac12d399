#include "outbox/pg_lane_steps.hpp"

#include "outbox/sql.hpp"

#include <stdexcept>

namespace exchange::outbox {
namespace {

pg::Params lane_and_epoch(LaneId lane, Epoch epoch)
{
    pg::Params params;
    params.int2(number(lane)).int8(epoch.value);
    return params;
}

pg::Step published_step(LaneId lane, Epoch epoch, const PublishedWindow& published)
{
    std::vector<std::string_view> topics;
    std::vector<std::int32_t> partitions;
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> sequences;
    for (const auto& [partition, position] : published.positions) {
        topics.push_back(partition.topic);
        partitions.push_back(partition.partition);
        offsets.push_back(position.offset);
        sequences.push_back(position.sequence);
    }
    pg::Params params = lane_and_epoch(lane, epoch);
    params.int8(published.to.value).int4(published.rows);
    params.text_array(topics).int4_array(partitions).int8_array(offsets).int8_array(sequences);
    return {sql::record_published, std::move(params)};
}

pg::Step quarantine_step(LaneId lane, Epoch epoch, const std::vector<QuarantinedRow>& rows)
{
    std::vector<std::int64_t> ids;
    std::vector<Uuid> records;
    std::vector<std::string_view> codes;
    std::vector<std::string_view> details;
    for (const QuarantinedRow& row : rows) {
        ids.push_back(row.id.value);
        records.push_back(row.record_id.value);
        codes.push_back(row.code);
        details.push_back(row.detail);
    }
    pg::Params params = lane_and_epoch(lane, epoch);
    params.int8_array(ids).uuid_array(records).text_array(codes).text_array(details);
    return {sql::quarantine_rows, std::move(params)};
}

pg::Step window_step(LaneId lane, Epoch epoch, const Window& window)
{
    pg::Params params = lane_and_epoch(lane, epoch);
    params.int8(window.from.value).int8(window.to.value);
    params.int4(static_cast<std::int32_t>(window.rows.size()));
    return {sql::plan_window, std::move(params)};
}

pg::Step bundles_step(LaneId lane, const PlannedWindow& planned)
{
    std::vector<std::string_view> sources, keys, digests;
    std::vector<std::int64_t> sizes, first_ids, ids;
    std::vector<std::int32_t> members, lengths;
    for (const Bundle& bundle : planned.bundles) {
        sources.push_back(bundle.source);
        keys.push_back(bundle.object_key);
        digests.emplace_back(reinterpret_cast<const char*>(bundle.sha256.data()),
                             bundle.sha256.size());
        sizes.push_back(static_cast<std::int64_t>(bundle.size));
        first_ids.push_back(bundle.ids.front());
        members.push_back(static_cast<std::int32_t>(bundle.ids.size()));
        ids.insert(ids.end(), bundle.ids.begin(), bundle.ids.end());
        lengths.insert(lengths.end(), bundle.lengths.begin(), bundle.lengths.end());
    }
    pg::Params params;
    params.int2(number(lane)).int8(planned.window.to.value).text(planned.bundles.at(0).bucket);
    params.text_array(sources).text_array(keys).bytea_array(digests).int8_array(sizes);
    params.int8_array(first_ids).int4_array(members).int8_array(ids).int4_array(lengths);
    return {sql::plan_bundles, std::move(params)};
}

}  // namespace

std::vector<pg::Step> commit_steps(LaneId lane, Epoch epoch, const LaneCommit& what)
{
    std::vector<pg::Step> steps;
    if (what.published) steps.push_back(published_step(lane, epoch, *what.published));
    if (what.plan) {
        steps.push_back(window_step(lane, epoch, what.plan->window));
        steps.push_back(bundles_step(lane, *what.plan));
    }
    if (!what.quarantined.empty()) steps.push_back(quarantine_step(lane, epoch, what.quarantined));
    if (steps.empty()) throw std::logic_error{"a lane commit without any part"};
    return steps;
}

}  // namespace exchange::outbox
