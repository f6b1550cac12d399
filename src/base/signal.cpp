#include "base/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>

namespace exchange {

namespace asio = boost::asio;

struct Signal::State : std::enable_shared_from_this<Signal::State> {
    explicit State(asio::any_io_executor executor) : timer{std::move(executor)} {}

    void wake_at(TimePoint deadline)
    {
        if (!detail::driven_time) {
            timer.expires_at(deadline);
            return;
        }
        timer.expires_at(TimePoint::max());
        if (deadline == TimePoint::max()) return;
        detail::driven_time->call_at(deadline, [weak = weak_from_this()] {
            if (const auto state = weak.lock()) state->timer.cancel();
        });
    }

    asio::steady_timer timer;
    std::atomic<bool> raised = false;
};

Signal::Signal(asio::any_io_executor executor)
    : state_{std::make_shared<State>(std::move(executor))}
{
}

Signal::~Signal() = default;

void Signal::notify()
{
    // Once raised, the waiter may go on and destroy this signal before the next line runs: only the
    // shared state may be touched from there. The timer belongs to the waiter's thread.
    const std::shared_ptr<State> state = state_;
    if (state->raised.exchange(true)) return;
    asio::post(state->timer.get_executor(), [state] { state->timer.cancel(); });
}

asio::awaitable<bool> Signal::wait_until(TimePoint deadline)
{
    const std::shared_ptr<State> state = state_;
    while (!state->raised.exchange(false)) {
        if (SteadyClock::now() >= deadline) co_return false;
        state->wake_at(deadline);
        if (state->raised.load()) continue;
        co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return true;
}

asio::awaitable<void> sleep_until(TimePoint moment)
{
    Signal never{co_await asio::this_coro::executor};
    co_await never.wait_until(moment);
}

}  // namespace exchange
