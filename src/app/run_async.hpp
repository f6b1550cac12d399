#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace exchange::app {

// Runs one coroutine to its end on a context of its own: what a verb without a server needs.
// `make` is given the executor and returns the awaitable.
template <class Make>
auto run_async(Make make)
{
    boost::asio::io_context io{1};
    auto result = boost::asio::co_spawn(io, make(io.get_executor()), boost::asio::use_future);
    io.run();
    return result.get();
}

}  // namespace exchange::app
