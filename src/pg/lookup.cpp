#include "pg/lookup.hpp"

#include "base/signal.hpp"
#include "pg/errors.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

namespace exchange::pg {
namespace {

namespace asio = boost::asio;

struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : done{executor} {}

    Signal done;
    bool finished = false;
    std::vector<std::string> addresses;
    std::string error;
};

asio::awaitable<void> look_up(std::shared_ptr<Lookup> lookup, std::string name)
{
    asio::ip::tcp::resolver resolver{co_await asio::this_coro::executor};
    const auto [error, found] =
        co_await resolver.async_resolve(name, "", asio::as_tuple(asio::use_awaitable));
    for (const auto& entry : found)
        lookup->addresses.push_back(entry.endpoint().address().to_string());
    lookup->error = error.message();
    lookup->finished = true;
    lookup->done.notify();
}

// Gives up waiting at the deadline; the lookup itself cannot be interrupted and ends by itself.
asio::awaitable<std::shared_ptr<Lookup>> looked_up(std::string name, TimePoint deadline)
{
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto lookup = std::make_shared<Lookup>(executor);
    asio::co_spawn(executor, look_up(lookup, name), asio::detached);
    co_await lookup->done.wait_until(deadline);
    if (!lookup->finished) lookup->error = "the name service did not answer in time";
    co_return lookup;
}

class Lists {
public:
    void add(const Host& host, const std::string& address)
    {
        names_ += separator_ + host.name;
        addresses_ += separator_ + address;
        ports_ += separator_ + host.port;
        separator_ = ",";
    }
    bool empty() const { return separator_.empty(); }
    void write(Options& options) const
    {
        options["host"] = names_;
        options["hostaddr"] = addresses_;
        options["port"] = ports_;
    }

private:
    std::string separator_;
    std::string names_;
    std::string addresses_;
    std::string ports_;
};

}  // namespace

asio::awaitable<Options> with_addresses(Options options, TimePoint deadline)
{
    const std::vector<Host> hosts = hosts_of(options);
    if (hosts.empty()) co_return options;
    Lists lists;
    std::string error;
    for (const Host& host : hosts) {
        if (!host.needs_lookup()) {
            lists.add(host, "");
            continue;
        }
        const std::shared_ptr<Lookup> lookup = co_await looked_up(host.name, deadline);
        for (const std::string& address : lookup->addresses) lists.add(host, address);
        if (lookup->addresses.empty())
            error = fmt::format("Postgres at {}:{}: {}. Hint: check the host in PGHOST or "
                                "DATABASE_URL, and the name service",
                                host.name, host.port, lookup->error);
    }
    if (lists.empty()) throw Unavailable{error};
    lists.write(options);
    co_return options;
}

}  // namespace exchange::pg
