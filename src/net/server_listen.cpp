#include "net/server_listen.hpp"

#include <boost/asio/detail/socket_option.hpp>

#include <system_error>

#include <sys/socket.h>

namespace exchange::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int backlog = 4096;

[[noreturn]] void fail(const std::string& address, const std::string& what, std::error_code code)
{
    throw std::system_error{code, "cannot " + what + " " + address};
}

tcp::endpoint resolve(asio::io_context& context, const std::string& address)
{
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos)
        fail(address, "read the address (want host:port)",
             std::make_error_code(std::errc::invalid_argument));
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    tcp::resolver resolver{context};
    const auto found = resolver.resolve(host.empty() ? "0.0.0.0" : host, address.substr(colon + 1),
                                        tcp::resolver::passive, error);
    if (error) fail(address, "resolve", error);
    return found.begin()->endpoint();
}

// With SO_REUSEPORT a second process could share the port in silence. A bind without it fails while
// anyone listens there.
void require_free(asio::io_context& context, const tcp::endpoint& endpoint,
                  const std::string& address)
{
    boost::system::error_code error;
    tcp::acceptor probe{context, endpoint.protocol()};
    probe.set_option(asio::socket_base::reuse_address{true});
    probe.bind(endpoint, error);
    if (error) fail(address, "listen on", error);
}

Acceptor open(asio::io_context& context, const tcp::endpoint& endpoint, const std::string& address)
{
    Acceptor acceptor{context.get_executor(), endpoint.protocol()};
    acceptor.set_option(asio::socket_base::reuse_address{true});
    acceptor.set_option(ReusePort{true});
    // Accepted sockets inherit it: responses are written whole, so waiting for more only delays.
    acceptor.set_option(tcp::no_delay{true});
    boost::system::error_code error;
    acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(backlog, error);
    if (error) fail(address, "listen on", error);
    return acceptor;
}

}  // namespace

std::vector<Acceptor> listen(const std::string& address, std::span<asio::io_context*> contexts)
{
    std::vector<Acceptor> acceptors;
    if (contexts.empty()) return acceptors;
    tcp::endpoint endpoint = resolve(*contexts.front(), address);
    if (endpoint.port() != 0) require_free(*contexts.front(), endpoint, address);
    for (asio::io_context* context : contexts) {
        acceptors.push_back(open(*context, endpoint, address));
        endpoint = acceptors.front().local_endpoint();
    }
    return acceptors;
}

}  // namespace exchange::net
