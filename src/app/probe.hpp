#pragma once

#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace exchange::app {

// What a running exchange answered to one of its own probes.
struct ProbeAnswer {
    bool passed = false;
    // Its words, or why there are none.
    std::string detail;
};

// Where the exchange that serves at `listen_addr` is reached from its own machine. Throws
// ConfigError for port 0, which says nothing about where it serves.
std::string origin_of_listener(const std::string& listen_addr);

// Never throws for an exchange that is away or not ready.
boost::asio::awaitable<ProbeAnswer> probe(std::string origin, std::string path, TimePoint deadline);

}  // namespace exchange::app
