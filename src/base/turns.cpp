#include "base/turns.hpp"

#include "base/signal.hpp"

#include <boost/asio/this_coro.hpp>

#include <deque>
#include <mutex>

namespace exchange {

struct Turns::State {
    explicit State(int at_once) : free{at_once} {}

    void pass_on();

    std::mutex mutex;
    int free;
    std::deque<Waiter*> waiting;
};

// Lives in the frame of who waits, which may be destroyed while it waits.
struct Turns::Waiter {
    Waiter(std::shared_ptr<State> turns, const boost::asio::any_io_executor& executor)
        : of{std::move(turns)}, called{executor}
    {
        const std::lock_guard lock{of->mutex};
        must_wait = of->free == 0;
        has_turn = !must_wait;
        if (must_wait) of->waiting.push_back(this);
        else --of->free;
    }
    ~Waiter()
    {
        if (leave()) of->pass_on();
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // Whether it has a turn, which is then the caller's.
    bool leave()
    {
        const std::lock_guard lock{of->mutex};
        std::erase(of->waiting, this);
        return std::exchange(has_turn, false);
    }

    std::shared_ptr<State> of;
    Signal called;
    bool must_wait = false;
    // Guarded by the mutex.
    bool has_turn = false;
};

void Turns::State::pass_on()
{
    const std::lock_guard lock{mutex};
    if (waiting.empty()) {
        ++free;
        return;
    }
    Waiter* const next = waiting.front();
    waiting.pop_front();
    next->has_turn = true;
    next->called.notify();
}

Turns::Turns(int at_once) : state_{std::make_shared<State>(at_once)} {}

void Turns::Turn::end()
{
    if (const auto of = std::exchange(of_, nullptr)) of->pass_on();
}

boost::asio::awaitable<Turns::Turn> Turns::take(TimePoint deadline)
{
    return take(state_, deadline);
}

boost::asio::awaitable<Turns::Turn> Turns::take(std::shared_ptr<State> state, TimePoint deadline)
{
    Waiter waiter{state, co_await boost::asio::this_coro::executor};
    if (waiter.must_wait) co_await waiter.called.wait_until(deadline);
    co_return waiter.leave() ? Turn{state} : Turn{};
}

}  // namespace exchange
