#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>

// Runs one awaitable to its end on a test's own loop, and whatever else is spawned there meanwhile.
// `io` must outlive what it runs.
namespace exchange::test {

template <class T>
boost::asio::awaitable<void> keep_result(boost::asio::awaitable<T> work, std::optional<T>& result)
{
    result.emplace(co_await std::move(work));
}

// Turns the loop until `done` is ready, no further: other coroutines stay where they are.
inline void turn_until_ready(boost::asio::io_context& io, const std::future<void>& done)
{
    while (done.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
        io.restart();
        if (io.run_one() == 0) throw std::runtime_error{"the awaitable waits for nothing"};
    }
}

// What it returned or threw.
inline void run(boost::asio::io_context& io, boost::asio::awaitable<void> work)
{
    std::future<void> done = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
    turn_until_ready(io, done);
    done.get();
}

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> work)
{
    std::optional<T> result;
    run(io, keep_result(std::move(work), result));
    return std::move(*result);
}

}  // namespace exchange::test
