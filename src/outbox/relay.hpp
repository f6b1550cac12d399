#pragma once

#include "outbox/lane_relay.hpp"
#include "outbox/pg_lane_store.hpp"

#include <memory>
#include <vector>

// All lanes that this process tries to own: for each a lease and a relay, on one executor.
namespace exchange::outbox {

struct RelaySettings {
    RelayConfig relay;
    LeaseConfig lease;
    // Tells processes apart in the lease row; must be unique among those that run at once.
    std::string owner;
};

class Relay {
public:
    Relay(boost::asio::any_io_executor executor, pg::ConnectConfig config, Layout layout,
          std::vector<std::string> topics, EventLog& log, objects::RawStore& store,
          Standing& standing, RelaySettings settings, obs::Metrics& metrics, obs::Log& logger,
          obs::Health& health);
    ~Relay();

    // Returns after `drain()` or `stop()` (lane_relay.hpp), with every lease given back. On the
    // relay's executor, both.
    boost::asio::awaitable<void> run();
    void drain();
    void stop();

    // There may be new rows in a lane. From any thread.
    void wake(LaneId lane);

private:
    struct Lane;

    static boost::asio::awaitable<bool> run_lane(Lane& lane);
    static boost::asio::awaitable<bool> keep_lease(Lane& lane);

    boost::asio::any_io_executor executor_;
    RelayMetrics metrics_;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace exchange::outbox
