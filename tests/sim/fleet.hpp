#pragma once

#include "sim/process.hpp"

// The processes of a run, and what befalls them. Each slot has one or, for a while, none.
namespace exchange::sim {

class Fleet {
public:
    Fleet(World& world, Servers servers, Instruments& instruments);

    void start();
    // One that lives, or nothing.
    std::shared_ptr<Process> pick();

    // Of one of them by lot; `lasts`: how long its slot stays empty, or it stays stopped.
    void kill(Duration lasts);
    void pause(Duration lasts);
    void drain(Duration lasts);
    void hand_over(Duration);
    // From now on those that know a former layout begin anew, in order.
    void look_at_layout();

    // Those that are stopped go on, and no slot stays empty.
    void recover();
    void kill_all();
    void start_one() { start(0); }

    // Causes of the lanes that stand still until an operator decides.
    std::vector<std::string> halts() const;

private:
    int pick_slot() { return world_.dice.between(0, world_.plan.processes - 1); }
    std::shared_ptr<Process>& at(int slot) { return slots_[static_cast<std::size_t>(slot)]; }
    void start(int slot);
    void await_exit(std::weak_ptr<Process> leaving, int slot, Duration then);

    World& world_;
    Servers servers_;
    Instruments& instruments_;
    std::vector<std::shared_ptr<Process>> slots_;
    int started_ = 0;
};

}  // namespace exchange::sim
