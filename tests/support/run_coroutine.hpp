#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace exchange::testing {

// Runs the context until it has nothing left to do; gives what the coroutine returned or threw.
template <class T>
T run_coroutine(boost::asio::io_context& io, boost::asio::awaitable<T> coroutine)
{
    std::exception_ptr failure;
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr error, T value) {
        failure = error;
        result = std::move(value);
    });
    io.restart();
    io.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
}

inline void run_coroutine(boost::asio::io_context& io, boost::asio::awaitable<void> coroutine)
{
    std::exception_ptr failure;
    boost::asio::co_spawn(io, std::move(coroutine),
                          [&](std::exception_ptr error) { failure = error; });
    io.restart();
    io.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace exchange::testing
