#pragma once

#include "base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

// Virtual time and the machines that live in it. Everything that happens is an event of the
// timeline: it runs when its moment has come, in order, on one thread; code takes no time.
namespace exchange::sim {

class Timeline;

// A loop that may be stopped for a while or destroyed with all that runs on it, at any await.
class Machine : public std::enable_shared_from_this<Machine> {
public:
    explicit Machine(Timeline& timeline) : timeline_{timeline} {}
    virtual ~Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // Runs it and all that it makes ready; once resumed, if the machine is paused.
    void run(std::function<void()> event);

    // As by SIGSTOP and SIGCONT: what comes meanwhile comes at once afterwards.
    void pause() { paused_ = true; }
    void resume();
    bool paused() const { return paused_; }

    // Declared first: whatever a derived machine owns goes before it.
    boost::asio::io_context io{1};

private:
    void turn(std::deque<std::function<void()>> events);

    Timeline& timeline_;
    bool paused_ = false;
    std::deque<std::function<void()>> missed_;
};

class Timeline final : public DrivenTime {
public:
    Timeline();
    ~Timeline() override;
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    TimePoint now() const override { return now_; }

    // Of the machine whose code is running; of no machine when the world itself is.
    void call_at(TimePoint moment, std::function<void()> wake) override;

    // An event of the world: nothing stops it.
    void after(Duration pause, std::function<void()> event);
    // An event of a machine: lost when it is gone by then.
    void after(Duration pause, std::weak_ptr<Machine> machine, std::function<void()> event);

    std::weak_ptr<Machine> current() const { return current_; }

    // Runs the next event. There is always one: machines poll.
    void step();

    std::uint64_t steps() const { return steps_; }

private:
    friend class Machine;

    struct Event {
        TimePoint moment;
        std::uint64_t order = 0;
        bool owned = false;
        std::weak_ptr<Machine> machine;
        std::function<void()> run;
    };
    struct Later {
        bool operator()(const Event& left, const Event& right) const
        {
            if (left.moment != right.moment) return left.moment > right.moment;
            return left.order > right.order;
        }
    };

    void push(Event event);

    TimePoint now_{std::chrono::hours{1}};
    std::uint64_t order_ = 0;
    std::uint64_t steps_ = 0;
    std::weak_ptr<Machine> current_;
    std::vector<Event> events_;
};

}  // namespace exchange::sim
