#pragma once

#include "outbox/takeover.hpp"
#include "pg/session.hpp"

#include <optional>
#include <string>
#include <vector>

// Which systems this database belongs to: table `pins` keeps the first cluster id, system
// identifier and timeline that were seen. Another one means that the log and the rows may not
// belong together, so lanes stand still until an operator accepts it (docs/runbook/lane-halted.md).
// The partition count of topics is pinned by the lane layout.
namespace exchange::outbox {

inline constexpr const char* pin_cluster = "kafka_cluster_id";
inline constexpr const char* pin_system = "postgres_system_identifier";
inline constexpr const char* pin_timeline = "postgres_timeline";

struct Pin {
    std::string name;
    // What is found now.
    std::string value;
    // Nothing: not pinned yet.
    std::optional<std::string> pinned;
};

// What Postgres is now; on a standby without the timeline.
boost::asio::awaitable<std::vector<Pin>> read_identity(pg::Session& session, TimePoint deadline);

// Why no lane may publish, or nothing.
std::optional<Halt> judge_identity(const std::vector<Pin>& pins);

// Remembers the first value seen for `name` and answers the one that is pinned.
boost::asio::awaitable<std::string> pin(pg::Session& session, std::string name, std::string value,
                                        TimePoint deadline);

// The pinned value; empty when there is none.
boost::asio::awaitable<std::string> pinned(pg::Session& session, std::string name,
                                           TimePoint deadline);

// All that are pinned, with `value` empty: what is found now is not asked for.
boost::asio::awaitable<std::vector<Pin>> list_pins(pg::Session& session, TimePoint deadline);

// Pins `change.value` instead of `change.pinned`, which must have one. False: another changed it.
boost::asio::awaitable<bool> accept_pin(pg::Session& session, Pin change, std::string actor,
                                        std::string reason, TimePoint deadline);

}  // namespace exchange::outbox
