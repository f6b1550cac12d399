#pragma once

#include "base/signal.hpp"
#include "sim/world.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <optional>

// Requests from a process to a server, over a network that loses, delays and cuts. A request is on
// its way whether or not who sent it still lives.
namespace exchange::sim {

struct Link {
    const LinkFaults& faults;
    // The server is there; otherwise a connection is refused.
    bool up = true;
};

// What the caller waits for; goes with its coroutine.
template <class T>
struct Call {
    explicit Call(boost::asio::any_io_executor executor) : over{std::move(executor)} {}
    Signal over;
    std::optional<T> answer;
};

// How a server answers one request: once, now or later, or never.
template <class T>
class Responder {
public:
    Responder(World& world, const Link& link, std::weak_ptr<Machine> machine,
              std::weak_ptr<Call<T>> call, bool heard)
        : world_{&world},
          link_{&link},
          machine_{std::move(machine)},
          call_{std::move(call)},
          heard_{heard}
    {
    }

    void operator()(T answer) const
    {
        if (!heard_) return;
        const Duration way = world_->dice.between(Duration{1}, link_->faults.latency);
        world_->timeline.after(way, machine_, [call = call_, answer = std::move(answer)] {
            const auto waiting = call.lock();
            if (!waiting) return;
            waiting->answer = answer;
            waiting->over.notify();
        });
    }

private:
    World* world_;
    const Link* link_;
    std::weak_ptr<Machine> machine_;
    std::weak_ptr<Call<T>> call_;
    bool heard_;
};

// What becomes of a request.
struct Fate {
    bool arrives = true;
    bool answer_heard = true;
    bool told_broken = false;
    Duration way{};
};

inline Fate draw_fate(World& world, const LinkFaults& faults)
{
    Fate fate;
    Dice& dice = world.dice;
    fate.way = dice.between(Duration{1}, faults.latency);
    if (world.calm) return fate;
    if (dice.chance(faults.slow)) fate.way += dice.between(Duration{0}, faults.slow_most);
    if (dice.chance(faults.lost)) {
        fate.arrives = dice.chance(0.5);
        fate.answer_heard = false;
    } else if (dice.chance(faults.broken_before)) {
        fate.arrives = false;
        fate.told_broken = true;
    } else if (dice.chance(faults.broken_after)) {
        fate.answer_heard = false;
        fate.told_broken = true;
        // It may lie in some buffer until the caller has begun anew.
        if (dice.chance(0.5)) fate.way += dice.between(Duration{0}, faults.slow_most);
    }
    return fate;
}

// The answer, or nothing: then it is not known whether the request was served or will be yet.
// `serve` takes a Responder<T>; it runs at the server, where nothing of the caller may be touched.
template <class T, class Serve>
boost::asio::awaitable<std::optional<T>> request(World& world, Link& link, TimePoint deadline,
                                                 Serve serve)
{
    const auto call = std::make_shared<Call<T>>(co_await boost::asio::this_coro::executor);
    const std::weak_ptr<Call<T>> waiting = call;
    const std::weak_ptr<Machine> machine = world.timeline.current();
    const Fate fate = draw_fate(world, link.faults);
    const auto cut = [waiting] {
        if (const auto caller = waiting.lock()) caller->over.notify();
    };
    if (fate.arrives)
        world.timeline.after(fate.way, [&world, &link, serve, waiting, machine, fate, cut] {
            if (link.up) serve(Responder<T>{world, link, machine, waiting, fate.answer_heard});
            else world.timeline.after(link.faults.latency, machine, cut);
        });
    if (fate.told_broken)
        world.timeline.after(world.dice.between(Duration{1}, link.faults.latency), machine, cut);
    co_await call->over.wait_until(deadline);
    co_return std::move(call->answer);
}

}  // namespace exchange::sim
