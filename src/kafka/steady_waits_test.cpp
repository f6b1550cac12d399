#include "base/time.hpp"

#include <gtest/gtest.h>

#include <threads.h>
#include <time.h>

#include <thread>

// cnd_timedwait as this program has it; tests/e2e/test_clock.py moves the clock.
namespace exchange::kafka {
namespace {

using namespace std::chrono_literals;

struct Condition {
    Condition()
    {
        mtx_init(&lock, mtx_plain);
        cnd_init(&signal);
        mtx_lock(&lock);
    }
    ~Condition()
    {
        mtx_unlock(&lock);
        cnd_destroy(&signal);
        mtx_destroy(&lock);
    }
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    int wait(std::chrono::nanoseconds from_now)
    {
        timespec now{};
        timespec_get(&now, TIME_UTC);
        const auto end =
            std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec} + from_now;
        const auto seconds = std::chrono::floor<std::chrono::seconds>(end);
        const timespec until{seconds.count(), (end - seconds).count()};
        return cnd_timedwait(&signal, &lock, &until);
    }

    mtx_t lock;
    cnd_t signal;
};

TEST(SteadyWaits, last_as_long_as_was_meant)
{
    Condition condition;
    for (const auto patience : {1ms, 30ms, 999ms}) {
        const TimePoint begun = SteadyClock::now();
        EXPECT_EQ(condition.wait(patience), thrd_timedout);
        EXPECT_GE(SteadyClock::now() - begun, patience - 1ms);
    }
}

TEST(SteadyWaits, are_over_at_once_for_a_time_that_is_past)
{
    Condition condition;
    EXPECT_EQ(condition.wait(-1ms), thrd_timedout);
    EXPECT_EQ(condition.wait(-24h * 365 * 50), thrd_timedout);
}

TEST(SteadyWaits, end_with_a_signal)
{
    Condition condition;
    std::thread other{[&] {
        mtx_lock(&condition.lock);
        cnd_signal(&condition.signal);
        mtx_unlock(&condition.lock);
    }};
    EXPECT_EQ(condition.wait(60s), thrd_success);
    other.join();
}

}  // namespace
}  // namespace exchange::kafka
