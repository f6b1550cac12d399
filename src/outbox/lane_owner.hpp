#pragma once

#include "base/signal.hpp"
#include "outbox/ports.hpp"

// Keeps one lane's lease until told to stop; the coroutine around `Lease`. On the relay's executor.
namespace exchange::outbox {

class LaneOwner {
public:
    LaneOwner(boost::asio::any_io_executor executor, LeaseStore& store, LaneId lane,
              std::string owner, LeaseConfig config);

    // Returns after `stop()`, with the row given back, or left to expire if Postgres is away.
    boost::asio::awaitable<void> run();
    void stop();

    // The epoch to work under at this moment.
    std::optional<Epoch> epoch() const { return lease_.owned(SteadyClock::now()); }

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
    Signal wake_;
    Signal changed_;
    bool stopping_ = false;
};

}  // namespace exchange::outbox
