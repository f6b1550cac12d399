#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <chrono>
#include <optional>
#include <variant>

// Who may publish a lane, decided without I/O.
//
// A lane has one owner at a time. A row in Postgres says which epoch owns it and until when; every
// takeover raises the epoch. The lease keeps two owners from working against each other for long;
// it is not what keeps the log exact: that is Kafka's fencing plus the epoch checked on every
// write of the owner (docs/ARCHITECTURE.md, "Lanes"). So a wrong clock costs time, never data.
//
// `Lease` is a state machine. Tell it what happened, do what it answers; `LaneOwner` in
// lane_owner.hpp is the coroutine that does. It reads no clock, opens no socket, knows no table.
namespace exchange::outbox {

struct LeaseConfig {
    // How long an owner may be silent before another takes over. Higher: a crashed owner's lane
    // stands still longer. Lower: a slow commit or a busy machine can cost the lease, which costs
    // time but no event. Default 3 s: with a takeover's second the lane publishes again within 5 s.
    Duration ttl = std::chrono::seconds{3};
    // Pause between renewals. Must be at most a third of `ttl`, so that one failed renewal is not
    // yet a takeover.
    Duration renew_every = std::chrono::milliseconds{600};
    // Pause between attempts while another owns the lane.
    Duration seek_every = std::chrono::milliseconds{250};
};

// What happened.
// The row is ours, under a new epoch.
struct Granted {
    Epoch epoch;
};
// Still ours, for another `ttl`.
struct Renewed {};
// Another owner's epoch stands in the row.
struct Refused {};
// Postgres did not answer in time: nothing is known.
struct Unreachable {};
struct StopRequested {};
using LeaseEvent = std::variant<Granted, Renewed, Refused, Unreachable, StopRequested>;

// What to do next.
struct Acquire {};
struct Renew {
    Epoch epoch;
};
// Give the row back, so that a successor need not wait for it to expire.
struct Release {
    Epoch epoch;
};
struct Wait {
    TimePoint until;
};
struct Finish {};
using LeaseAction = std::variant<Acquire, Renew, Release, Wait, Finish>;

class Lease {
public:
    explicit Lease(LeaseConfig config) : config_{config} {}

    // The next thing to do. `asked_at` is when the request that `event` answers was *sent*: the
    // server may have counted `ttl` from any moment after it.
    LeaseAction next(LeaseEvent event, TimePoint asked_at, TimePoint now);

    // After a `Wait` is over.
    LeaseAction wake() const;

    // The epoch to publish under, or nothing if the lane may by now belong to another.
    std::optional<Epoch> owned(TimePoint now) const;

private:
    LeaseAction lose(TimePoint now);

    LeaseConfig config_;
    std::optional<Epoch> epoch_;
    TimePoint valid_until_{};
};

}  // namespace exchange::outbox
