#pragma once

#include "base/time.hpp"
#include "net/origin.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace exchange::net {

bool is_address(const std::string& host);

// The addresses of the origin's host, in the resolver's order. Returns at the deadline even when
// the system's resolver, which cannot be interrupted, still waits. Throws ClientError.
boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>> resolve(const Origin& origin,
                                                                            TimePoint deadline);

}  // namespace exchange::net
