#pragma once

#include "base/signal.hpp"
#include "outbox/ports.hpp"

#include <functional>

// Keeps one lane's lease until told to stop; the coroutine around `Lease`. On the relay's executor.
namespace exchange::outbox {

class LaneOwner {
public:
    // `may_take` is asked before each attempt to take the lane; empty: always.
    LaneOwner(boost::asio::any_io_executor executor, LeaseStore& store, LaneId lane,
              std::string owner, LeaseConfig config, std::function<bool()> may_take = {});

    // Returns after `stop()`, with the row given back, or left to expire if Postgres is away.
    boost::asio::awaitable<void> run();
    void stop();

    // The epoch to work under at this moment.
    std::optional<Epoch> epoch() const { return lease_.owned(SteadyClock::now()); }

    // Owned, or being asked for.
    bool counts() const { return asking_ || epoch().has_value(); }

    // Another owner was met when we last asked.
    bool met_another() const { return met_another_; }

    // Gives the lane back; it is taken again only when `may_take` says so.
    void hand_over();

    // Renews nothing and asks for a new epoch: after our own epoch was refused.
    void lost();

    // Raised whenever ownership may have changed.
    Signal& changed() { return changed_; }

private:
    boost::asio::awaitable<LeaseEvent> ask(LeaseAction action);
    boost::asio::awaitable<void> give_back(Epoch epoch);

    LeaseStore& store_;
    LaneId lane_;
    std::string owner_;
    LeaseConfig config_;
    Lease lease_;
    std::function<bool()> may_take_;
    Signal wake_;
    Signal changed_;
    std::optional<Epoch> giving_back_;
    bool asking_ = false;
    bool met_another_ = false;
    bool stopping_ = false;
};

}  // namespace exchange::outbox
