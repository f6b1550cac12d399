#pragma once

#include "outbox/layout.hpp"

#include <string>
#include <vector>

// Another number of lanes for a database that is in use. Processes that run take the new layout up
// by themselves: their appends are refused and their lanes are gone.
namespace exchange::outbox {

struct LaneRow {
    LaneId lane{};
    // False: out of use since a change.
    bool used = false;
    Epoch epoch;
    // Empty: nobody publishes it.
    std::string owner;
};

boost::asio::awaitable<std::vector<LaneRow>> list_lanes(pg::Session& session, TimePoint deadline);

struct LaneChangeTerms {
    std::int16_t lanes = 0;
    // Appends wait for so long for what was appended before to be published.
    std::chrono::milliseconds patience{10'000};
    std::string actor;
    std::string reason;
};

enum class LaneChange {
    changed,
    // So many already.
    unchanged,
    // The number does not divide the partitions of a topic.
    does_not_divide,
    in_quarantine,
    // In time. Nothing was changed, as with the two before.
    not_published,
};

boost::asio::awaitable<LaneChange> change_lanes(pg::Session& session, LaneChangeTerms terms);

// For a new database: one lane for two processors. A window under way keeps about two busy, and
// fewer lanes make larger windows and groups. Divides `partitions`.
std::int16_t lanes_for(unsigned processors, std::int16_t partitions);

}  // namespace exchange::outbox
