#include "net/client_resolve.hpp"

#include "net/client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace exchange::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Shared by the waiting coroutine and the resolver's handler, which may come after it gave up.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver{executor}, timer{executor} {}

    tcp::resolver resolver;
    asio::steady_timer timer;
    bool done = false;
    error_code error;
    std::vector<tcp::endpoint> endpoints;
};

void start(const std::shared_ptr<Lookup>& lookup, const Origin& origin)
{
    lookup->resolver.async_resolve(
        origin.host, std::to_string(origin.port), tcp::resolver::numeric_service,
        [lookup](error_code error, const tcp::resolver::results_type& results) {
            lookup->done = true;
            lookup->error = error;
            for (const auto& entry : results) lookup->endpoints.push_back(entry.endpoint());
            lookup->timer.cancel();
        });
}

}  // namespace

bool is_address(const std::string& host)
{
    error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

asio::awaitable<std::vector<tcp::endpoint>> resolve(const Origin& origin, TimePoint deadline)
{
    error_code not_an_address;
    const asio::ip::address address = asio::ip::make_address(origin.host, not_an_address);
    if (!not_an_address) co_return std::vector{tcp::endpoint{address, origin.port}};

    const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
    lookup->timer.expires_at(deadline);
    start(lookup, origin);
    co_await lookup->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!lookup->done)
        throw ClientError{origin.text() + ": the name was not resolved within the deadline"};
    if (lookup->error) throw ClientError{origin.text() + ": " + lookup->error.message()};
    co_return lookup->endpoints;
}

}  // namespace exchange::net
