#include "base/blocking_pool.hpp"

#include "support/run_coroutine.hpp"

#include <future>
#include <gtest/gtest.h>
#include <pthread.h>

namespace exchange {
namespace {

using namespace std::chrono_literals;
using testing::run_coroutine;
namespace asio = boost::asio;

TEST(BlockingPool, gives_back_results_and_exceptions)
{
    asio::io_context io;
    BlockingPool pool{"named", 2, 8};
    auto name = [] {
        std::array<char, 16> text{};
        ::pthread_getname_np(::pthread_self(), text.data(), text.size());
        return std::string{text.data()};
    };
    EXPECT_EQ(run_coroutine(io, pool.run(name, SteadyClock::now() + 10s)), "named");
    auto fail = []() -> int { throw std::runtime_error{"as told"}; };
    EXPECT_THROW(run_coroutine(io, pool.run(fail, SteadyClock::now() + 10s)), std::runtime_error);
}

TEST(BlockingPool, leaves_a_call_that_does_not_return_and_takes_no_more_than_its_maximum)
{
    asio::io_context io;
    std::promise<void> open;
    BlockingPool pool{"named", 1, 2};
    auto hang = [gate = open.get_future().share()] {
        gate.wait();
        return true;
    };
    int begun = 0;
    auto count = [&begun] { return ++begun; };
    EXPECT_THROW(run_coroutine(io, pool.run(hang, SteadyClock::now() + 5ms)), BlockingPoolBusy);
    // The second waits behind the first and is dropped, the third finds no room.
    EXPECT_THROW(run_coroutine(io, pool.run(count, SteadyClock::now() + 5ms)), BlockingPoolBusy);
    EXPECT_THROW(run_coroutine(io, pool.run(count, SteadyClock::now() + 1h)), BlockingPoolBusy);
    open.set_value();
    auto last = [] { return true; };
    bool done = false;
    while (!done) {
        try {
            done = run_coroutine(io, pool.run(last, SteadyClock::now() + 10s));
        } catch (const BlockingPoolBusy&) {
            std::this_thread::yield();
        }
    }
    EXPECT_EQ(begun, 0);
}

}  // namespace
}  // namespace exchange
