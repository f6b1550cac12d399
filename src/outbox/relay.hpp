#pragma once

#include "outbox/lane_relay.hpp"
#include "outbox/lane_share.hpp"
#include "outbox/pg_lane_store.hpp"

#include <memory>
#include <vector>

// All lanes: this process owns its share of them (lane_share.hpp), with a lease and a relay each,
// on one executor.
namespace exchange::outbox {

struct RelaySettings {
    RelayConfig relay;
    LeaseConfig lease;
    // Tells processes apart in the lease row; must be unique among those that run at once.
    std::string owner;
    // Null: no traces.
    obs::Tracer* tracer = nullptr;
    // How many lanes may have a window under way at once; a full one needs no turn.
    int windows_at_once = 1;
};

class Relay {
public:
    Relay(boost::asio::any_io_executor executor, pg::ConnectConfig config, Layout layout,
          std::vector<std::string> topics, EventLog& log, objects::RawStore& store,
          Standing& standing, RelaySettings settings, obs::Metrics& metrics, obs::Log& logger,
          obs::Health& health);
    ~Relay();

    // Returns after `drain()` or `stop()` (lane_relay.hpp), with every lease given back. On the
    // relay's executor, both. While other processes share the lanes, draining leaves what waits to
    // them.
    boost::asio::awaitable<void> run();
    void drain();
    void stop();

    // There may be new rows in a lane. From any thread.
    void wake(LaneId lane);

private:
    struct Lane;

    static boost::asio::awaitable<bool> run_lane(Lane& lane);
    static boost::asio::awaitable<bool> keep_lease(Lane& lane);
    boost::asio::awaitable<bool> share_lanes();
    boost::asio::awaitable<void> look_around();
    bool cut_off() const;
    boost::asio::awaitable<void> rest();
    boost::asio::awaitable<bool> kafka_answers();
    std::size_t lanes_counted() const;

    boost::asio::any_io_executor executor_;
    EventLog& log_;
    kafka::TopicPartition any_partition_;
    RelayMetrics metrics_;
    obs::Health& health_;
    RelayRegister register_;
    std::string owner_;
    Duration beat_every_;
    // Of the lanes; and how many processes share them.
    std::size_t share_;
    std::size_t alive_ = 1;
    Signal wake_;
    bool leaving_ = false;
    // Out of the register, for Kafka does not answer us while others may reach it.
    bool resting_ = false;
    // Of the lanes' windows.
    Turns turns_;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace exchange::outbox
