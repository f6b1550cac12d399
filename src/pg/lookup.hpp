#pragma once

#include "base/time.hpp"
#include "pg/options.hpp"

#include <boost/asio/awaitable.hpp>

// Looks host names up in the background, since libpq would block the event loop with it.
namespace exchange::pg {

// The same options with an address for each name: one entry of the lists for each address found, so
// that libpq tries them all. Throws `Unavailable` when no host is left, or at the deadline.
boost::asio::awaitable<Options> with_addresses(Options options, TimePoint deadline);

}  // namespace exchange::pg
