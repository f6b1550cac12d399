#pragma once

#include "net/server.hpp"
#include "obs/health.hpp"
#include "obs/metrics.hpp"

#include <functional>
#include <string>
#include <vector>

namespace exchange::app {

struct OpsParts {
    obs::Metrics& metrics;
    const obs::Health& health;
    // Empty when this process may be sent requests, else the reason.
    std::function<std::string()> not_ready;
};

// /livez, /healthz, /readyz and /metrics, without authentication: they hold no identity.
std::vector<net::Route> make_ops_routes(OpsParts parts);

// The body of /readyz?verbose.
std::string render_health(const std::map<std::string, obs::Status>& components,
                          const std::string& not_ready);

}  // namespace exchange::app
