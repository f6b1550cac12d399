#pragma once

#include "obs/metrics.hpp"
#include "outbox/layout.hpp"

#include <vector>

// Where every accepted event is (docs/ARCHITECTURE.md, "Conservation"). Read from the database in
// one snapshot, so it is the same whoever asks.
namespace exchange::outbox {

struct LaneConservation {
    LaneId lane{};
    std::int64_t accepted = 0;
    std::int64_t published = 0;
    std::int64_t pending = 0;
    std::int64_t quarantined = 0;
    std::int64_t discarded = 0;

    // Not 0: events are unaccounted for (above 0) or counted twice (below 0).
    std::int64_t difference() const
    {
        return accepted - published - pending - quarantined - discarded;
    }
};

boost::asio::awaitable<std::vector<LaneConservation>> read_conservation(pg::Session& session,
                                                                        TimePoint deadline);

// Writes down how far rows are counted, so that `read_conservation` stays cheap. To be called every
// few seconds by any process.
boost::asio::awaitable<void> advance_tallies(pg::Session& session, const Layout& layout,
                                             TimePoint deadline);

LaneConservation total(const std::vector<LaneConservation>& lanes);

void expose(obs::Metrics& metrics, const std::vector<LaneConservation>& lanes);

}  // namespace exchange::outbox
