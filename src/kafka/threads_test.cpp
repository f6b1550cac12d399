#include "kafka/threads.hpp"

#include "support/kafka.hpp"

#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using ::exchange::testing::run_until_done;

TimePoint soon()
{
    return SteadyClock::now() + 10s;
}

TEST(Threads, gives_back_what_the_blocking_call_returns_without_blocking_the_loop)
{
    asio::io_context io;
    const std::thread::id loop = std::this_thread::get_id();
    std::function<bool()> elsewhere = [loop] { return std::this_thread::get_id() != loop; };
    EXPECT_TRUE(run_until_done(io, run_blocking(std::move(elsewhere), soon())));
}

TEST(Threads, throws_what_the_blocking_call_throws)
{
    asio::io_context io;
    std::function<int()> fail = []() -> int { throw Error{Fault::denied, "no"}; };
    EXPECT_THROW(run_until_done(io, run_blocking(std::move(fail), soon())), Error);
}

std::thread::id thread_of_a_call(asio::io_context& io)
{
    std::function<std::thread::id()> which = [] { return std::this_thread::get_id(); };
    return run_until_done(io, run_blocking(std::move(which), soon()));
}

TEST(Threads, keeps_a_thread_for_the_next_call)
{
    asio::io_context io;
    const std::thread::id first = thread_of_a_call(io);
    bool met_again = false;
    // It tells its result a moment before it is free again.
    for (int attempt = 0; attempt < 100 && !met_again; ++attempt) {
        std::this_thread::sleep_for(1ms);
        met_again = thread_of_a_call(io) == first;
    }
    EXPECT_TRUE(met_again);
}

TEST(Threads, lets_no_call_wait_for_another)
{
    asio::io_context io;
    std::promise<void> release;
    std::function<std::thread::id()> busy = [&] {
        release.get_future().wait();
        return std::this_thread::get_id();
    };
    std::thread::id busy_thread;
    asio::co_spawn(io, run_blocking(std::move(busy), soon()),
                   [&](std::exception_ptr, std::thread::id id) { busy_thread = id; });
    io.poll();
    const std::thread::id other = thread_of_a_call(io);
    release.set_value();
    io.restart();
    io.run();
    EXPECT_NE(other, busy_thread);
}

TEST(Threads, ends_with_the_context_even_if_nobody_waits_for_the_result)
{
    std::atomic<bool> ended = false;
    {
        asio::io_context io;
        std::function<int()> slow = [&] {
            std::this_thread::sleep_for(50ms);
            ended = true;
            return 0;
        };
        asio::co_spawn(io, run_blocking(std::move(slow), soon()), [](std::exception_ptr, int) {});
        io.poll();
        EXPECT_FALSE(ended);
    }
    EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace exchange::kafka
