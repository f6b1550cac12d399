#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <span>
#include <string>
#include <vector>

namespace exchange::net {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

// One listening socket per context, all on the same port; the kernel spreads connections over them.
// Throws std::system_error naming the address.
std::vector<Acceptor> listen(const std::string& address,
                             std::span<boost::asio::io_context*> contexts);

}  // namespace exchange::net
