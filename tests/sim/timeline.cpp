#include "sim/timeline.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace exchange::sim {

void Machine::run(std::function<void()> event)
{
    if (paused_) missed_.push_back(std::move(event));
    else turn({std::move(event)});
}

void Machine::resume()
{
    paused_ = false;
    turn(std::exchange(missed_, {}));
}

void Machine::turn(std::deque<std::function<void()>> events)
{
    timeline_.current_ = weak_from_this();
    for (const std::function<void()>& event : events) event();
    io.restart();
    io.poll();
    timeline_.current_.reset();
}

Timeline::Timeline()
{
    detail::driven_time = this;
}

Timeline::~Timeline()
{
    detail::driven_time = nullptr;
}

void Timeline::push(Event event)
{
    event.order = ++order_;
    events_.push_back(std::move(event));
    std::push_heap(events_.begin(), events_.end(), Later{});
}

void Timeline::call_at(TimePoint moment, std::function<void()> wake)
{
    const bool owned = !current_.expired();
    push({std::max(moment, now_), 0, owned, current_, std::move(wake)});
}

void Timeline::after(Duration pause, std::function<void()> event)
{
    push({now_ + pause, 0, false, {}, std::move(event)});
}

void Timeline::after(Duration pause, std::weak_ptr<Machine> machine, std::function<void()> event)
{
    push({now_ + pause, 0, true, std::move(machine), std::move(event)});
}

void Timeline::step()
{
    if (events_.empty()) throw std::logic_error{"nothing will ever happen again"};
    std::pop_heap(events_.begin(), events_.end(), Later{});
    const Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.moment;
    ++steps_;
    if (!event.owned) {
        event.run();
        return;
    }
    if (const std::shared_ptr<Machine> machine = event.machine.lock()) machine->run(event.run);
}

}  // namespace exchange::sim
