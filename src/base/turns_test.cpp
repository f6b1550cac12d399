#include "base/signal.hpp"
#include "base/turns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <string>

namespace exchange {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

struct Queue {
    asio::io_context io;
    Turns turns{1};
    std::string seen;

    asio::awaitable<void> take(char name, Duration patience, Duration holds)
    {
        Turns::Turn turn = co_await turns.take(SteadyClock::now() + patience);
        seen.push_back(name);
        co_await sleep_until(SteadyClock::now() + holds);
        seen.push_back('.');
    }
    void start(char name, Duration patience, Duration holds)
    {
        asio::co_spawn(io, take(name, patience, holds), asio::detached);
    }
};

TEST(Turns, come_in_the_order_of_those_who_wait)
{
    Queue queue;
    for (const char name : {'a', 'b', 'c'}) queue.start(name, 1h, 1ms);
    queue.io.run();
    EXPECT_EQ(queue.seen, "a.b.c.");
}

TEST(Turns, are_as_many_at_once_as_told)
{
    Queue queue;
    Turns two{2};
    std::vector<Turns::Turn> held(3);
    const auto hold = [&](std::size_t at) -> asio::awaitable<void> {
        held[at] = co_await two.take(SteadyClock::now() + 1ms);
        queue.seen.push_back(held[at].taken() ? 'x' : '-');
    };
    for (std::size_t at = 0; at < 3; ++at) asio::co_spawn(queue.io, hold(at), asio::detached);
    queue.io.run();
    EXPECT_EQ(queue.seen, "xx-");
}

TEST(Turns, stop_nobody_who_has_waited_long_enough)
{
    Queue queue;
    queue.start('a', 1h, 50ms);
    queue.start('b', 1ms, 1ms);
    queue.io.run();
    EXPECT_EQ(queue.seen, "ab..");
}

TEST(Turns, end_early_and_once)
{
    Queue queue;
    std::string order;
    const auto body = [&]() -> asio::awaitable<void> {
        Turns::Turn first = co_await queue.turns.take(SteadyClock::now() + 1h);
        first.end();
        first.end();
        Turns::Turn second = co_await queue.turns.take(SteadyClock::now() + 1h);
        const Turns::Turn third = co_await queue.turns.take(SteadyClock::now() + 1ms);
        order = {second.taken() ? 'x' : '-', third.taken() ? 'x' : '-'};
    };
    asio::co_spawn(queue.io, body(), asio::detached);
    queue.io.run();
    EXPECT_EQ(order, "x-");
}

TEST(Turns, are_not_lost_with_who_waits_for_them)
{
    Turns turns{1};
    asio::io_context outlives;
    bool taken = false;
    {
        asio::io_context dies;
        const auto wait = [&]() -> asio::awaitable<void> {
            const Turns::Turn turn = co_await turns.take(SteadyClock::now() + 1h);
        };
        const auto hold = [&]() -> asio::awaitable<void> {
            Turns::Turn turn = co_await turns.take(SteadyClock::now() + 1h);
            asio::co_spawn(dies, wait, asio::detached);
            dies.run_for(10ms);
        };
        asio::co_spawn(outlives, hold, asio::detached);
        outlives.run();
    }
    const auto after = [&]() -> asio::awaitable<void> {
        const Turns::Turn turn = co_await turns.take(SteadyClock::now() + 1ms);
        taken = turn.taken();
    };
    outlives.restart();
    asio::co_spawn(outlives, after, asio::detached);
    outlives.run();
    EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace exchange
