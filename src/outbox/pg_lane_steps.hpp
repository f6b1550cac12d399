#pragma once

#include "outbox/ports.hpp"
#include "pg/connection.hpp"

#include <vector>

namespace exchange::outbox {

// The statements of one commit of a lane's owner, each refusing (by answering no row) when `epoch`
// does not own the lane. `what` holds at least one part; throws std::logic_error otherwise.
std::vector<pg::Step> commit_steps(LaneId lane, Epoch epoch, const LaneCommit& what);

}  // namespace exchange::outbox
