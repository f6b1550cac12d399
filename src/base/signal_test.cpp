#include "base/signal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace exchange {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<void> wait(Signal& signal, Duration at_most, bool& notified)
{
    notified = co_await signal.wait_until(SteadyClock::now() + at_most);
}

bool run_wait(asio::io_context& io, Signal& signal, Duration at_most)
{
    bool notified = false;
    asio::co_spawn(io, wait(signal, at_most, notified), asio::detached);
    io.restart();
    io.run();
    return notified;
}

TEST(Signal, remembers_a_notification_that_came_first_but_only_once)
{
    asio::io_context io;
    Signal signal{io.get_executor()};
    signal.notify();
    signal.notify();
    EXPECT_TRUE(run_wait(io, signal, 1h));
    EXPECT_FALSE(run_wait(io, signal, 1ms));
}

TEST(Signal, wakes_a_waiter_from_another_thread)
{
    asio::io_context io;
    Signal signal{io.get_executor()};
    std::jthread other{[&] { signal.notify(); }};
    EXPECT_TRUE(run_wait(io, signal, 1h));
}

}  // namespace
}  // namespace exchange
