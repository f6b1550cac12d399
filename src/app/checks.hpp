#pragma once

#include "app/config.hpp"
#include "obs/health.hpp"

#include <string>
#include <vector>

namespace exchange::app {

// One dependency, tried as the service would use it.
struct Check {
    std::string name;
    obs::Status status;
    // What was found, when it works.
    std::string detail;
    // It failed because the credentials were refused: waiting does not help.
    bool denied = false;
};

// Tries Postgres and its schema, Kafka and its topics, the raw store (writes, reads and removes a
// small object). Never throws for a dependency that fails.
boost::asio::awaitable<std::vector<Check>> run_checks(boost::asio::any_io_executor executor,
                                                      Config config);

}  // namespace exchange::app
