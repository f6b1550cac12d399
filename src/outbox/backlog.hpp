#pragma once

#include "obs/metrics.hpp"
#include "outbox/layout.hpp"

#include <vector>

// How far the lanes are behind, for operators: three gauges a lane, read from the database so that
// they are true whoever owns the lane.
namespace exchange::outbox {

struct LaneBacklog {
    LaneId lane{};
    std::int64_t rows = 0;
    double oldest_s = 0;
    double bytes = 0;
};

boost::asio::awaitable<std::vector<LaneBacklog>> read_backlog(pg::Session& session,
                                                              TimePoint deadline);

// Of this database on its server's disk.
boost::asio::awaitable<double> database_bytes(pg::Session& session, TimePoint deadline);

void expose(obs::Metrics& metrics, const std::vector<LaneBacklog>& backlog);

}  // namespace exchange::outbox
