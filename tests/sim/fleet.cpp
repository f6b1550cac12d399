#include "sim/fleet.hpp"

#include <fmt/format.h>

namespace exchange::sim {

using namespace std::chrono_literals;

Fleet::Fleet(World& world, Servers servers, Instruments& instruments)
    : world_{world}, servers_{servers}, instruments_{instruments}
{
    slots_.resize(static_cast<std::size_t>(world.plan.processes));
}

void Fleet::start()
{
    for (int slot = 0; slot < world_.plan.processes; ++slot) start(slot);
}

std::shared_ptr<Process> Fleet::pick()
{
    const int first = pick_slot();
    for (int step = 0; step < world_.plan.processes; ++step)
        if (const auto& process = at((first + step) % world_.plan.processes)) return process;
    return nullptr;
}

void Fleet::start(int slot)
{
    if (at(slot)) return;
    at(slot) = std::make_shared<Process>(world_, servers_, instruments_,
                                         fmt::format("process-{}", ++started_));
    world_.trace("started", slot, started_);
    at(slot)->start();
}

void Fleet::kill(Duration lasts)
{
    const int slot = pick_slot();
    if (!at(slot)) return;
    world_.trace("killed", slot);
    world_.count("kill");
    at(slot).reset();
    world_.timeline.after(lasts, [this, slot] { start(slot); });
}

void Fleet::pause(Duration lasts)
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

void Fleet::drain(Duration lasts)
{
    const int slot = pick_slot();
    if (!at(slot) || at(slot)->paused()) return;
    world_.trace("drained", slot);
    at(slot)->drain();
    await_exit(at(slot), slot, lasts);
}

void Fleet::hand_over(Duration)
{
    const std::shared_ptr<Process> process = at(pick_slot());
    if (!process || process->paused()) return;
    world_.count("lane to be handed over");
    const int lane = world_.dice.between(0, process->layout().lanes - 1);
    process->hand_over(LaneId{static_cast<std::int16_t>(lane)});
}

void Fleet::await_exit(std::weak_ptr<Process> leaving, int slot, Duration then)
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

// A process that learns of another layout begins anew, in order.
void Fleet::look_at_layout()
{
    world_.timeline.after(500ms, [this] {
        for (int slot = 0; slot < world_.plan.processes; ++slot) {
            const std::shared_ptr<Process>& process = at(slot);
            if (!process || process->paused() || process->draining()) continue;
            if (!servers_.postgres.link().up ||
                process->layout().version == servers_.postgres.layout().version)
                continue;
            world_.trace("layout noticed", slot);
            process->drain();
            await_exit(process, slot, Duration{1});
        }
        look_at_layout();
    });
}

std::vector<std::string> Fleet::halts() const
{
    std::vector<std::string> causes;
    for (const auto& process : slots_)
        if (process) std::ranges::copy(process->halts(), std::back_inserter(causes));
    return causes;
}

void Fleet::recover()
{
    for (int slot = 0; slot < world_.plan.processes; ++slot) {
        if (at(slot) && at(slot)->paused()) at(slot)->resume();
        world_.timeline.after(1s, [this, slot] { start(slot); });
    }
}

void Fleet::kill_all()
{
    for (auto& process : slots_) process.reset();
}

}  // namespace exchange::sim
