#include "sim/postgres.hpp"

// Changing the number of lanes, as change_lanes of migration 0010 does: all lanes' locks, then
// nothing pending, then another layout.
namespace exchange::sim {

using namespace std::chrono_literals;

namespace {

LaneId lane_number(std::size_t index)
{
    return LaneId{static_cast<std::int16_t>(index)};
}

}  // namespace

void Postgres::change_lanes(int lanes, Duration patience)
{
    if (changing_ || lanes == layout_.lanes) return;
    changing_ = true;
    try_change(lanes, world_.timeline.now() + patience);
}

void Postgres::try_change(int lanes, TimePoint until)
{
    const bool locked = std::ranges::any_of(lanes_, &Lane::locked);
    const bool pending = std::ranges::any_of(lanes_, &Lane::has_pending) &&
                         world_.plan.variant != Variant::early_lane_change;
    if (!locked && !quarantine_.empty()) {
        world_.count("change of lanes refused");
        end_change();
        return;
    }
    if (!locked && !pending) {
        apply_change(lanes);
        end_change();
        return;
    }
    if (world_.timeline.now() > until) {
        world_.count("change of lanes given up");
        end_change();
        return;
    }
    world_.timeline.after(20ms, [this, lanes, until, life = life_] {
        if (life == life_) try_change(lanes, until);
    });
}

// Where each partition stands, as the lane says that it belonged to until now.
outbox::Positions Postgres::positions_of_all() const
{
    outbox::Positions all;
    for (std::int16_t lane = 0; lane < layout_.lanes; ++lane)
        for (const auto& [partition, position] : lanes_.at(index(LaneId{lane})).positions())
            if (partition.partition % layout_.lanes == lane) all[partition] = position;
    return all;
}

void Postgres::apply_change(int lanes)
{
    Epoch highest;
    OutboxId up_to;
    for (const Lane& lane : lanes_) {
        highest = std::max(highest, lane.epoch);
        up_to = std::max(up_to, lane.published_up_to());
    }
    const outbox::Positions stands = positions_of_all();
    for (std::size_t at = 0; at < lanes_.size(); ++at) {
        Lane& lane = lanes_[at];
        lane.epoch = Epoch{highest.value + 1};
        lane.owner.clear();
        lane.expires = {};
        if (up_to.value == 0) continue;
        lane.settled = up_to;
        lane.accepted_at = lane.recorded_up_to();
        lane.accepted.clear();
        for (const auto& [partition, position] : stands)
            if (partition.partition % lanes == number(lane_number(at)))
                lane.accepted[partition] = position;
    }
    ++layout_.version;
    layout_.lanes = static_cast<std::int16_t>(lanes);
    layout_.lanes_ever = std::max(layout_.lanes_ever, layout_.lanes);
    layouts_.push_back({up_to.value, layout_.lanes});
    world_.count("lanes changed");
    world_.trace("lanes changed", lanes, up_to.value);
}

void Postgres::end_change()
{
    changing_ = false;
    for (std::size_t at = 0; at < lanes_.size(); ++at) go_on(lane_number(at));
}

}  // namespace exchange::sim
