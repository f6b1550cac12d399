#include "sim/run.hpp"

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
          instruments_{instruments},
          world_{terms.seed, terms.variant, terms.printing},
          referee_{world_},
          postgres_{world_, referee_},
          broker_{world_},
          objects_{world_},
          clients_{world_, [this] { return pick(); }}
    {
        referee_.watch(postgres_, broker_, objects_);
    }

    Outcome run();

private:
    std::shared_ptr<Process> pick();
    int pick_slot() { return world_.dice.between(0, world_.plan.processes - 1); }
    std::shared_ptr<Process>& at(int slot) { return processes_[static_cast<std::size_t>(slot)]; }

    void start(int slot);
    void every(Rhythm rhythm, void (Run::*fault)(Duration));
    void kill(Duration lasts);
    void pause(Duration lasts);
    void drain(Duration lasts);
    void hand_over(Duration lasts);
    void await_exit(std::weak_ptr<Process> leaving, int slot, Duration then);
    void crash_postgres(Duration lasts);
    void crash_kafka(Duration lasts);
    void cut_log(Duration lasts);
    void change_lanes(Duration patience);
    void look_at_layout();
    LaneId pick_lane();
    void calm_down();
    void step_until(TimePoint moment);
    void look_for_halts();
    void remake_a_topic();

    RunTerms terms_;
    Instruments& instruments_;
    World world_;
    Referee referee_;
    Postgres postgres_;
    Broker broker_;
    Objects objects_;
    Clients clients_;
    // After all that they refer to.
    std::vector<std::shared_ptr<Process>> processes_;
    int started_ = 0;
};

std::shared_ptr<Process> Run::pick()
{
    const int first = pick_slot();
    for (int step = 0; step < world_.plan.processes; ++step)
        if (const auto& process = at((first + step) % world_.plan.processes)) return process;
    return nullptr;
}

void Run::start(int slot)
{
    if (at(slot)) return;
    const Servers servers{postgres_, broker_, objects_};
    at(slot) = std::make_shared<Process>(world_, servers, instruments_,
                                         fmt::format("process-{}", ++started_));
    world_.trace("started", slot, started_);
    at(slot)->start();
}

// Until it gets calm.
void Run::every(Rhythm rhythm, void (Run::*fault)(Duration))
{
    if (rhythm.every == Duration{}) return;
    const Duration pause = world_.dice.between(rhythm.every / 2, rhythm.every * 3 / 2);
    world_.timeline.after(pause, [this, rhythm, fault] {
        if (world_.calm) return;
        (this->*fault)(world_.dice.between(Duration{1}, rhythm.lasts_most));
        every(rhythm, fault);
    });
}

void Run::kill(Duration lasts)
{
    const int slot = pick_slot();
    if (!at(slot)) return;
    world_.trace("killed", slot);
    world_.count("kill");
    at(slot).reset();
    world_.timeline.after(lasts, [this, slot] { start(slot); });
}

void Run::pause(Duration lasts)
{
    const std::shared_ptr<Process> process = at(pick_slot());
    if (!process || process->paused()) return;
    world_.trace("paused");
    world_.count(lasts > world_.plan.lease_ttl ? "paused beyond the lease" : "paused");
    process->pause();
    world_.timeline.after(lasts, [weak = std::weak_ptr{process}, this] {
        world_.trace("resumed");
        if (const auto stopped = weak.lock()) stopped->resume();
    });
}

void Run::drain(Duration lasts)
{
    const int slot = pick_slot();
    if (!at(slot) || at(slot)->paused()) return;
    world_.trace("drained", slot);
    at(slot)->drain();
    await_exit(at(slot), slot, lasts);
}

void Run::hand_over(Duration)
{
    const std::shared_ptr<Process> process = at(pick_slot());
    if (!process || process->paused()) return;
    world_.count("lane to be handed over");
    const int lane = world_.dice.between(0, process->layout().lanes - 1);
    process->hand_over(LaneId{static_cast<std::int16_t>(lane)});
}

void Run::await_exit(std::weak_ptr<Process> leaving, int slot, Duration then)
{
    world_.timeline.after(50ms, [this, leaving, slot, then] {
        const std::shared_ptr<Process> process = leaving.lock();
        if (!process || process != at(slot)) return;
        if (!process->exited()) {
            await_exit(leaving, slot, then);
            return;
        }
        world_.count("left in order");
        world_.trace("exited", slot);
        at(slot).reset();
        world_.timeline.after(then, [this, slot] { start(slot); });
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
void Run::cut_log(Duration)
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

// A process that learns of another layout begins anew, in order.
void Run::look_at_layout()
{
    world_.timeline.after(500ms, [this] {
        for (int slot = 0; slot < world_.plan.processes; ++slot) {
            const std::shared_ptr<Process>& process = at(slot);
            if (!process || process->paused() || process->draining()) continue;
            if (!postgres_.link().up || process->layout().version == postgres_.layout().version)
                continue;
            world_.trace("layout noticed", slot);
            process->drain();
            await_exit(process, slot, Duration{1});
        }
        look_at_layout();
    });
}

void Run::calm_down()
{
    world_.trace("calm");
    world_.calm = true;
    for (int slot = 0; slot < world_.plan.processes; ++slot) {
        if (at(slot) && at(slot)->paused()) at(slot)->resume();
        world_.timeline.after(1s, [this, slot] { start(slot); });
    }
}

void Run::step_until(TimePoint moment)
{
    while (world_.timeline.now() < moment) world_.timeline.step();
}

void Run::look_for_halts()
{
    for (const auto& process : processes_) {
        if (!process) continue;
        for (const std::string& cause : process->halts()) world_.violated("halted: " + cause);
    }
}

// The database says what was published there, so whoever takes the lane must stand still.
void Run::remake_a_topic()
{
    const LaneId lane = pick_lane();
    const outbox::Positions positions = postgres_.lane(lane).positions();
    for (const auto& [partition, position] : positions) {
        if (position.offset < 0) continue;
        for (auto& process : processes_) process.reset();
        broker_.remake(partition);
        start(0);
        step_until(world_.timeline.now() + 20s);
        // What was open before may leave its marker, but no event comes.
        const auto is_event = [](const LogEntry& entry) { return entry.message != nullptr; };
        if (at(0)->halts().empty() || std::ranges::any_of(broker_.log(partition).entries, is_event))
            world_.violated(fmt::format("{}/{} was made anew and lane {} did not halt",
                                        partition.topic, partition.partition, number(lane)));
        else world_.count("halt, as injected");
        return;
    }
}

Outcome Run::run()
{
    processes_.resize(static_cast<std::size_t>(world_.plan.processes));
    for (int slot = 0; slot < world_.plan.processes; ++slot) start(slot);
    clients_.start();
    every(world_.plan.kills, &Run::kill);
    every(world_.plan.pauses, &Run::pause);
    every(world_.plan.drains, &Run::drain);
    every(world_.plan.hand_overs, &Run::hand_over);
    every(world_.plan.postgres_crashes, &Run::crash_postgres);
    every(world_.plan.kafka_crashes, &Run::crash_kafka);
    every(world_.plan.retention, &Run::cut_log);
    every(world_.plan.lane_changes, &Run::change_lanes);
    if (world_.plan.lane_changes.every > Duration{}) look_at_layout();
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
    look_for_halts();
    referee_.judge(clients_);
    if (world_.dice.chance(0.1)) remake_a_topic();

    Outcome outcome;
    outcome.seed = terms_.seed;
    outcome.violations = world_.violations();
    outcome.counters = world_.counters();
    outcome.trace_hash = world_.hash();
    processes_.clear();
    return outcome;
}

}  // namespace

Outcome run_seed(RunTerms terms, Instruments& instruments)
{
    Run run{terms, instruments};
    return run.run();
}

}  // namespace exchange::sim
