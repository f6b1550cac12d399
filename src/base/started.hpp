#pragma once

#include "base/signal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <exception>
#include <memory>
#include <optional>

// An awaitable that runs while its starter does something else. Same executor, so no locks.
namespace exchange {

template <class T>
class Started {
public:
    Started(boost::asio::any_io_executor executor, boost::asio::awaitable<T> work)
        : state_{std::make_shared<State>(executor)}
    {
        boost::asio::co_spawn(executor, run(std::move(work), state_), boost::asio::detached);
    }

    // Waits for the end, well or not; false when it had not come by `deadline`.
    boost::asio::awaitable<bool> settled(TimePoint deadline = TimePoint::max())
    {
        const std::shared_ptr<State> state = state_;
        while (!state->result && !state->failure) {
            if (SteadyClock::now() >= deadline) co_return false;
            co_await state->done.wait_until(deadline);
        }
        co_return true;
    }

    // The result, or what it threw. Once. Await it before anything that the work refers to goes
    // away; work that must end in time has a deadline of its own.
    boost::asio::awaitable<T> get()
    {
        const std::shared_ptr<State> state = state_;
        co_await settled();
        if (state->failure) std::rethrow_exception(state->failure);
        co_return std::move(*state->result);
    }

private:
    struct State {
        explicit State(const boost::asio::any_io_executor& executor) : done{executor} {}
        Signal done;
        std::optional<T> result;
        std::exception_ptr failure;
    };

    static boost::asio::awaitable<void> run(boost::asio::awaitable<T> work,
                                            std::shared_ptr<State> state)
    {
        try {
            state->result.emplace(co_await std::move(work));
        } catch (...) {
            state->failure = std::current_exception();
        }
        state->done.notify();
    }

    std::shared_ptr<State> state_;
};

}  // namespace exchange
