#include "sim/run.hpp"

#include "sim/fleet.hpp"
#include "sim/referee.hpp"

#include <fmt/format.h>

namespace exchange::sim {

using namespace std::chrono_literals;

namespace {

// Once nothing fails any more: long enough for a lease to end, a transaction to time out, hanging
// ones to be found, and all time-outs that are under way.
constexpr Duration recovery_most = 60s;
// Requests that were slow enough to come after everything else.
constexpr Duration stragglers = 7s;

class Run {
public:
    Run(RunTerms terms, Instruments& instruments)
        : terms_{terms},
          world_{terms.seed, terms.variant, terms.printing},
          referee_{world_},
          postgres_{world_, referee_},
          broker_{world_},
          objects_{world_},
          clients_{world_, [this] { return fleet_.pick(); }},
          fleet_{world_, Servers{postgres_, broker_, objects_}, instruments}
    {
        referee_.watch(postgres_, broker_, objects_);
    }

    Outcome run();

private:
    void every(Rhythm rhythm, std::function<void(Duration)> fault);
    void crash_postgres(Duration lasts);
    void crash_kafka(Duration lasts);
    void cut_log();
    void change_lanes(Duration patience);
    LaneId pick_lane();
    void calm_down();
    void step_until(TimePoint moment);
    void remake_a_topic();

    RunTerms terms_;
    World world_;
    Referee referee_;
    Postgres postgres_;
    Broker broker_;
    Objects objects_;
    Clients clients_;
    // After all that its processes refer to.
    Fleet fleet_;
};

// Until it gets calm.
void Run::every(Rhythm rhythm, std::function<void(Duration)> fault)
{
    if (rhythm.every == Duration{}) return;
    const Duration pause = world_.dice.between(rhythm.every / 2, rhythm.every * 3 / 2);
    world_.timeline.after(pause, [this, rhythm, fault] {
        if (world_.calm) return;
        fault(world_.dice.between(Duration{1}, rhythm.lasts_most));
        every(rhythm, fault);
    });
}

void Run::crash_postgres(Duration lasts)
{
    if (!postgres_.link().up) return;
    postgres_.crash();
    world_.timeline.after(lasts, [this] { postgres_.restart(); });
}

void Run::crash_kafka(Duration lasts)
{
    if (!broker_.link().up) return;
    broker_.crash();
    world_.timeline.after(lasts, [this] { broker_.restart(); });
}

// Retention takes what was recorded as published long ago, never more.
void Run::cut_log()
{
    for (const auto& [partition, position] : postgres_.lane(pick_lane()).positions())
        if (world_.dice.chance(0.5)) broker_.forget(partition, position.offset + 1);
}

LaneId Run::pick_lane()
{
    return LaneId{static_cast<std::int16_t>(world_.dice.between(0, postgres_.layout().lanes - 1))};
}

void Run::change_lanes(Duration patience)
{
    if (!postgres_.link().up) return;
    postgres_.change_lanes(world_.dice.between(1, world_.plan.lanes_most), patience);
}

void Run::calm_down()
{
    world_.trace("calm");
    world_.calm = true;
    fleet_.recover();
}

void Run::step_until(TimePoint moment)
{
    while (world_.timeline.now() < moment) world_.timeline.step();
}

// The database says what was published there, so whoever takes the lane must stand still.
void Run::remake_a_topic()
{
    const LaneId lane = pick_lane();
    const outbox::Positions positions = postgres_.lane(lane).positions();
    for (const auto& [partition, position] : positions) {
        if (position.offset < 0) continue;
        fleet_.kill_all();
        broker_.remake(partition);
        fleet_.start_one();
        step_until(world_.timeline.now() + 20s);
        // What was open before may leave its marker, but no event comes.
        const auto is_event = [](const LogEntry& entry) { return entry.message != nullptr; };
        if (fleet_.halts().empty() || std::ranges::any_of(broker_.log(partition).entries, is_event))
            world_.violated(fmt::format("{}/{} was made anew and lane {} did not halt",
                                        partition.topic, partition.partition, number(lane)));
        else world_.count("halt, as injected");
        return;
    }
}

Outcome Run::run()
{
    fleet_.start();
    clients_.start();
    every(world_.plan.kills, [this](Duration lasts) { fleet_.kill(lasts); });
    every(world_.plan.pauses, [this](Duration lasts) { fleet_.pause(lasts); });
    every(world_.plan.drains, [this](Duration lasts) { fleet_.drain(lasts); });
    every(world_.plan.hand_overs, [this](Duration lasts) { fleet_.hand_over(lasts); });
    every(world_.plan.postgres_crashes, [this](Duration lasts) { crash_postgres(lasts); });
    every(world_.plan.kafka_crashes, [this](Duration lasts) { crash_kafka(lasts); });
    every(world_.plan.retention, [this](Duration) { cut_log(); });
    every(world_.plan.lane_changes, [this](Duration patience) { change_lanes(patience); });
    if (world_.plan.lane_changes.every > Duration{}) fleet_.look_at_layout();
    step_until(world_.timeline.now() + world_.plan.busy_time);

    calm_down();
    const TimePoint latest = world_.timeline.now() + recovery_most;
    const auto over = [this] { return clients_.all_answered() && referee_.settled(); };
    const auto wait = [&] {
        while (!over() && world_.timeline.now() < latest) step_until(world_.timeline.now() + 100ms);
    };
    wait();
    // An append that was under way may still add a row, and its lane's owner may wait for an answer
    // that was lost before.
    step_until(world_.timeline.now() + stragglers);
    wait();
    if (!over())
        world_.violated("no recovery: something still waits a minute after the last fault");
    for (const std::string& cause : fleet_.halts()) world_.violated("halted: " + cause);
    referee_.judge(clients_);
    if (world_.dice.chance(0.1)) remake_a_topic();

    Outcome outcome;
    outcome.seed = terms_.seed;
    outcome.violations = world_.violations();
    outcome.counters = world_.counters();
    outcome.trace_hash = world_.hash();
    return outcome;
}

}  // namespace

Outcome run_seed(RunTerms terms, Instruments& instruments)
{
    Run run{terms, instruments};
    return run.run();
}

}  // namespace exchange::sim
