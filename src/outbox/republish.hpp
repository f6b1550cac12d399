#pragma once

#include "outbox/quarantine.hpp"

#include <span>

namespace exchange::outbox {

// Appends events again that are recorded as published and that the log does not hold: same event
// id, new outbox id. Rows that were appended again before, or are in quarantine, are left out, so
// it may be repeated. `lane` is the one that their partitions belong to in the layout of this
// version; another one is refused (pg::Refused). Throws like unstaged_bytes (raw_bytes.hpp).
boost::asio::awaitable<AppendedAgain> republish(pg::Session& session, objects::RawStore& store,
                                                int layout_version, LaneId lane,
                                                std::span<const std::int64_t> ids,
                                                std::string actor, std::string reason,
                                                TimePoint deadline);

}  // namespace exchange::outbox
