#include "sim/plan.hpp"

namespace exchange::sim {

using namespace std::chrono_literals;

namespace {

// Half of the seeds have a given kind of fault at all; the others know it by heart.
double some(Dice& dice, double most)
{
    return dice.chance(0.5) ? dice.fraction() * dice.fraction() * most : 0;
}

Rhythm rhythm(Dice& dice, double likelihood, Duration often, Duration seldom, Duration lasts)
{
    Rhythm rhythm;
    if (dice.chance(likelihood)) rhythm.every = dice.between(often, seldom);
    rhythm.lasts_most = dice.between(lasts / 10, lasts);
    return rhythm;
}

LinkFaults link_faults(Dice& dice, Duration latency)
{
    LinkFaults faults;
    faults.latency = dice.between(latency / 10, latency);
    faults.lost = some(dice, 0.05);
    faults.broken_before = some(dice, 0.1);
    faults.broken_after = some(dice, 0.1);
    faults.slow = some(dice, 0.1);
    faults.slow_most = dice.between(20ms, 6s);
    return faults;
}

void draw_lane_changes(Dice& dice, Plan& plan)
{
    // Without the lane's lock an append knows no order with a change either.
    if (plan.variant == Variant::no_lane_lock) return;
    const bool needed =
        plan.variant == Variant::early_lane_change || plan.variant == Variant::no_layout_check;
    plan.lane_changes = rhythm(dice, needed ? 1 : 0.3, 500ms, 5s, 2s);
    if (plan.lane_changes.every == Duration{}) return;
    plan.lanes_most = 3;
    plan.partitions = 6;
    // A released event would have to be appended to the lane that it was in: poison forbids it.
    if (dice.chance(0.8)) plan.poison = 0;
    // What hangs in a partition that changes its lane only an operator can end.
    plan.lost_markers = 0;
}

}  // namespace

Plan draw_plan(Dice& dice, Variant variant)
{
    Plan plan;
    plan.variant = variant;
    plan.transactional = variant != Variant::none || !dice.chance(0.15);

    plan.lanes = plan.lanes_most = dice.between(1, 3);
    plan.partitions = plan.lanes * dice.between(1, 2);
    plan.processes = dice.between(1, 3);
    plan.ids = dice.between(1, 3);
    plan.sources = dice.between(1, 3);
    plan.submissions = dice.between(10, 80);
    plan.window_rows_max = dice.chance(0.3) ? dice.between(1, 3) : dice.between(4, 30);
    plan.batch_messages_max = dice.between(1, 6);
    plan.windows_at_once = dice.between(1, plan.lanes);
    plan.bundle_bytes_max = static_cast<std::size_t>(dice.between(40, 2000));
    plan.busy_time = dice.between(3s, 15s);
    plan.poll_every = dice.between(50ms, 300ms);
    plan.lease_ttl = dice.between(600ms, 4s);
    plan.append_time = dice.between(1ms, 60ms);
    plan.message_timeout = dice.between(500ms, 3s);
    plan.transaction_timeout = plan.message_timeout + dice.between(500ms, 4s);
    plan.client_timeout = dice.between(100ms, 3s);

    plan.postgres = link_faults(dice, 4ms);
    plan.kafka = link_faults(dice, 10ms);
    plan.store = link_faults(dice, 20ms);
    plan.kills = rhythm(dice, 0.6, 500ms, 6s, 1s);
    plan.pauses = rhythm(dice, 0.4, 1s, 8s, 6s);
    plan.drains = rhythm(dice, 0.3, 1s, 8s, 1s);
    plan.hand_overs = rhythm(dice, 0.3, 300ms, 4s, 1s);
    plan.postgres_crashes = rhythm(dice, 0.3, 1s, 10s, 2s);
    plan.kafka_crashes = rhythm(dice, 0.4, 1s, 8s, 3s);
    plan.retention = rhythm(dice, 0.2, 1s, 8s, 1s);

    plan.early_takeovers = some(dice, 0.2);
    plan.poison = some(dice, 0.2);
    plan.follow_ups = some(dice, 0.5);
    plan.rolled_back = some(dice, 0.2);
    plan.repeated = some(dice, 0.5);
    plan.conflicting = some(dice, 0.2);
    plan.lost_markers = some(dice, 0.3);
    plan.late_markers = some(dice, 0.3);
    plan.forgotten_offset = some(dice, 0.5);
    // In idempotent mode a former owner's late event may name the former place.
    plan.other_stores = plan.transactional ? some(dice, 0.3) : 0;
    plan.record_within = dice.between(1ms, 200ms);
    draw_lane_changes(dice, plan);
    return plan;
}

std::string_view name_of(Variant variant)
{
    switch (variant) {
    case Variant::none:
        return "none";
    case Variant::no_lane_lock:
        return "no-lane-lock";
    case Variant::no_epoch_check:
        return "no-epoch-check";
    case Variant::tails_before_fencing:
        return "tails-before-fencing";
    case Variant::blind_to_open:
        return "blind-to-open";
    case Variant::repair_by_commit:
        return "repair-by-commit";
    case Variant::plan_after_publish:
        return "plan-after-publish";
    case Variant::store_after_publish:
        return "store-after-publish";
    case Variant::lost_commit_markers:
        return "lost-commit-markers";
    case Variant::no_pass_over:
        return "no-pass-over";
    case Variant::early_lane_change:
        return "early-lane-change";
    case Variant::no_layout_check:
        return "no-layout-check";
    }
    return "none";
}

}  // namespace exchange::sim
