#pragma once

#include "base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

// A latch that wakes one coroutine: "there is something to do". Notifications do not add up.
namespace exchange {

class Signal {
public:
    explicit Signal(boost::asio::any_io_executor executor);
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    // From any thread, any number of times.
    void notify();

    // True when notified (before or during the wait; the latch is then open again), false at the
    // deadline. One waiter at a time, on this signal's executor.
    boost::asio::awaitable<bool> wait_until(TimePoint deadline);

private:
    struct State;
    std::shared_ptr<State> state_;
};

boost::asio::awaitable<void> sleep_until(TimePoint moment);

}  // namespace exchange
