#include "sim/postgres.hpp"

#include <fmt/format.h>

namespace exchange::sim {

Postgres::Postgres(World& world, Watcher& watcher)
    : world_{world},
      watcher_{watcher},
      link_{world.plan.postgres},
      lanes_(static_cast<std::size_t>(world.plan.lanes_most))
{
    layout_.version = 1;
    layout_.lanes = layout_.lanes_ever = static_cast<std::int16_t>(world.plan.lanes);
    layout_.partitions = static_cast<std::int16_t>(world.plan.partitions);
    layouts_.push_back({0, layout_.lanes});
}

std::optional<Epoch> Postgres::acquire(const outbox::LeaseTerms& terms, int layout_version)
{
    if (!knows_layout(layout_version)) {
        world_.count("lane refused to a former layout");
        return std::nullopt;
    }
    Lane& lane = lanes_.at(index(terms.lane));
    if (lane.expires >= world_.timeline.now() && lane.owner != terms.owner) {
        if (world_.calm || !world_.dice.chance(world_.plan.early_takeovers)) return std::nullopt;
        world_.count("lease taken from an owner that believes in it");
    }
    if (lane.epoch.value > 0) world_.count("takeover");
    lane.epoch = Epoch{lane.epoch.value + 1};
    lane.owner = terms.owner;
    lane.expires = world_.timeline.now() + terms.ttl;
    world_.trace("acquired", number(terms.lane), lane.epoch.value);
    return lane.epoch;
}

bool Postgres::knows_layout(int version) const
{
    return version == layout_.version || world_.plan.variant == Variant::no_layout_check;
}

bool Postgres::renew(const outbox::LeaseTerms& terms, Epoch epoch)
{
    Lane& lane = lanes_.at(index(terms.lane));
    if (lane.epoch != epoch) world_.count("lease lost");
    if (lane.epoch != epoch) return false;
    lane.expires = world_.timeline.now() + terms.ttl;
    return true;
}

void Postgres::release(LaneId id, Epoch epoch)
{
    Lane& lane = lanes_.at(index(id));
    if (lane.epoch != epoch) return;
    lane.owner.clear();
    lane.expires = {};
    world_.count("lease given back");
    world_.trace("released", number(id), epoch.value);
}

bool Postgres::owns(LaneId lane, Epoch epoch) const
{
    return world_.plan.variant == Variant::no_epoch_check || lanes_.at(index(lane)).epoch == epoch;
}

outbox::OutboxRow Postgres::view(const StoredRow& row) const
{
    outbox::OutboxRow view;
    view.id = row.id;
    view.topic = row.topic;
    view.record_id = row.record_id;
    view.event_id = row.event_id;
    view.source = row.source;
    view.kind = row.kind;
    view.schema_hint = row.schema_hint;
    view.api = row.api;
    view.sha256 = row.sha256;
    view.correlation_id = row.correlation_id;
    view.created_at_us = row.created_at_us;
    view.size = static_cast<std::int32_t>(row.body.size());
    return view;
}

outbox::Window Postgres::read(LaneId id, OutboxId after, int rows_max) const
{
    const Lane& lane = lanes_.at(index(id));
    const auto storage = std::make_shared<std::vector<std::shared_ptr<const StoredRow>>>();
    outbox::Window window;
    window.from = window.to = after;
    for (auto row = lane.rows.upper_bound(after.value);
         row != lane.rows.end() && static_cast<int>(window.rows.size()) < rows_max; ++row) {
        storage->push_back(row->second);
        window.rows.push_back(view(*row->second));
        window.rows.back().body = row->second->body;
        window.rows.back().held = held_records_.contains(row->second->record_id);
        window.to = row->second->id;
    }
    window.storage = storage;
    return window;
}

std::vector<outbox::PlannedWindow> Postgres::unfinished(LaneId id, OutboxId after) const
{
    std::vector<outbox::PlannedWindow> windows;
    for (const Planned& planned : lanes_.at(index(id)).windows) {
        if (planned.window.window.to <= after) continue;
        windows.push_back(planned.window);
        for (outbox::OutboxRow& row : windows.back().window.rows) row.held = is_quarantined(row.id);
    }
    return windows;
}

CommitAnswer Postgres::commit(LaneId id, Epoch epoch, const outbox::LaneCommit& what)
{
    Lane& lane = lanes_.at(index(id));
    if (!owns(id, epoch)) {
        world_.count("former owner refused");
        world_.trace("former owner refused", number(id), epoch.value);
        return CommitAnswer::not_ours;
    }
    // Primary keys: published (lane, to_id), windows (lane, to_id), bundles (lane, first_id).
    if (what.published)
        for (const Recorded& recorded : lane.published)
            if (recorded.window.to == what.published->to) return CommitAnswer::refused;
    if (what.plan) {
        for (const Planned& planned : lane.windows)
            if (planned.window.window.to == what.plan->window.to) return CommitAnswer::refused;
        for (const outbox::Bundle& bundle : what.plan->bundles)
            if (lane.bundle_ids.contains(bundle.ids.front())) return CommitAnswer::refused;
    }
    if (what.published) {
        watcher_.recorded(id, epoch, *what.published);
        lane.published.push_back({*what.published, epoch});
        world_.trace("recorded", number(id), what.published->to.value);
    }
    if (what.plan) {
        watcher_.planned(id, *what.plan);
        lane.windows.push_back({*what.plan, epoch});
        for (const outbox::Bundle& bundle : what.plan->bundles)
            lane.bundle_ids.insert(bundle.ids.front());
        world_.trace("planned", what.plan->window.from.value, what.plan->window.to.value);
    }
    for (const outbox::QuarantinedRow& row : what.quarantined) quarantine(lane, row);
    return CommitAnswer::done;
}

bool Postgres::move_bundles(LaneId id, Epoch epoch, const outbox::PlannedWindow& moved)
{
    Lane& lane = lanes_.at(index(id));
    if (!owns(id, epoch) || moved.window.to <= lane.published_up_to()) return false;
    for (Planned& planned : lane.windows) {
        if (planned.window.window.to != moved.window.to) continue;
        watcher_.moved(moved);
        planned.window.bundles = moved.bundles;
        world_.count("planned bundles moved");
        world_.trace("moved", number(id), moved.window.to.value);
    }
    return true;
}

// With later planned rows of its record, as quarantine_rows.sql does.
void Postgres::quarantine(const Lane& lane, const outbox::QuarantinedRow& row)
{
    if (quarantine_.emplace(row.id.value, row).second)
        world_.count(row.code == "key_held" ? "key held" : "quarantine");
    held_records_.insert(row.record_id);
    world_.trace("quarantined", row.id.value);
    for (auto later = lane.rows.upper_bound(row.id.value);
         later != lane.rows.end() && later->first <= lane.planned_up_to().value; ++later) {
        if (later->second->record_id != row.record_id) continue;
        const outbox::QuarantinedRow held{later->second->id, row.record_id, "key_held", ""};
        if (quarantine_.emplace(later->first, held).second) world_.count("key held");
    }
}

void Postgres::append(LaneId lane, int layout_version, std::vector<AppendedRow> rows,
                      const Responder<AppendReply>& answer)
{
    Lane& into = lanes_.at(index(lane));
    if ((into.locked && world_.plan.variant != Variant::no_lane_lock) || changing_) {
        into.waiting.push_back([this, lane, layout_version, rows = std::move(rows), answer] {
            begin(lane, layout_version, rows, answer);
        });
        return;
    }
    begin(lane, layout_version, std::move(rows), answer);
}

void Postgres::begin(LaneId lane, int layout_version, std::vector<AppendedRow> rows,
                     const Responder<AppendReply>& answer)
{
    lanes_.at(index(lane)).locked = true;
    Transaction transaction;
    if (!knows_layout(layout_version)) {
        world_.count("append refused to a former layout");
        transaction.reply.layout_changed = true;
        answer(transaction.reply);
        unlock(lane);
        return;
    }
    for (const AppendedRow& row : rows) draw_row(lane, row, transaction);
    if (world_.dice.chance(world_.plan.follow_ups)) follow_up(lane, transaction);
    transaction.reply.refused = !world_.calm && world_.dice.chance(world_.plan.rolled_back);
    const Duration takes = world_.dice.between(Duration{1}, world_.plan.append_time);
    world_.timeline.after(takes, [this, lane, life = life_, transaction, answer] {
        if (life != life_) return;
        if (transaction.reply.refused) world_.count("append rolled back");
        else finish(lane, transaction);
        answer(transaction.reply);
        unlock(lane);
    });
}

void Postgres::draw_row(LaneId lane, const AppendedRow& row, Transaction& into)
{
    outbox::AppendAnswer answer;
    answer.record_id = row.record_id;
    answer.correlation_id = row.correlation_id;
    if (const auto known = keys_.find({row.source, row.key}); known != keys_.end()) {
        const bool same = known->second.sha256 == row.sha256;
        answer.outcome =
            same ? outbox::AppendOutcome::repeated : outbox::AppendOutcome::conflicting;
        answer.record_id = known->second.record_id;
        answer.correlation_id = known->second.correlation_id;
        world_.count(same ? "repeat answered" : "conflict answered");
        into.reply.answers.push_back(std::move(answer));
        return;
    }
    const auto stored = std::make_shared<StoredRow>();
    stored->id = OutboxId{++last_id_};
    stored->topic = fmt::format("record.ingested.v{}", row.api);
    stored->record_id = row.record_id;
    stored->event_id = row.event_id;
    stored->source = row.source;
    stored->kind = "claim";
    stored->api = static_cast<record::Api>(row.api);
    stored->sha256 = row.sha256;
    stored->correlation_id = row.correlation_id;
    stored->created_at_us = unix_us_now();
    stored->body = row.body;
    into.fresh.emplace_back(row, stored);
    into.reply.answers.push_back(std::move(answer));
    world_.trace("id drawn", number(lane), last_id_);
}

// A later event of an earlier record, as an amendment would append it.
void Postgres::follow_up(LaneId lane, Transaction& into)
{
    std::vector<std::shared_ptr<const StoredRow>> earlier;
    for (const Lane& of : lanes_)
        for (const auto& [id, row] : of.rows)
            if (partition_of(layout_, row->record_id) % layout_.lanes == number(lane))
                earlier.push_back(row);
    if (earlier.empty()) return;
    const int chosen = world_.dice.between(0, static_cast<int>(earlier.size()) - 1);
    const auto stored = std::make_shared<StoredRow>(*earlier[static_cast<std::size_t>(chosen)]);
    stored->id = OutboxId{++last_id_};
    world_.dice.fill(stored->event_id.bytes);
    into.fresh.emplace_back(AppendedRow{}, stored);
}

void Postgres::finish(LaneId lane, const Transaction& what)
{
    for (const auto& [row, stored] : what.fresh) {
        lanes_.at(index(lane)).rows[stored->id.value] = stored;
        world_.trace("appended", number(lane), stored->id.value);
        if (row.key.empty()) continue;
        const KnownKey known{row.sha256, row.record_id, row.correlation_id};
        if (!keys_.emplace(std::pair{row.source, row.key}, known).second)
            world_.violated("one key was stored twice");
    }
}

void Postgres::unlock(LaneId lane)
{
    lanes_.at(index(lane)).locked = false;
    if (!changing_) go_on(lane);
}

void Postgres::go_on(LaneId lane)
{
    Lane& of = lanes_.at(index(lane));
    if (of.locked || of.waiting.empty()) return;
    const std::function<void()> next = std::move(of.waiting.front());
    of.waiting.pop_front();
    world_.count("append waited for its lane");
    next();
}

void Postgres::crash()
{
    world_.trace("postgres crashed");
    world_.count("postgres crash");
    link_.up = false;
    changing_ = false;
    ++life_;
    for (Lane& lane : lanes_) {
        lane.locked = false;
        lane.waiting.clear();
    }
}

}  // namespace exchange::sim
