#include "outbox/relay.hpp"

#include "base/started.hpp"

namespace exchange::outbox {

namespace asio = boost::asio;

struct Relay::Lane {
    Lane(const asio::any_io_executor& executor, const pg::ConnectConfig& config, LaneId id,
         const RelaySettings& settings)
        : leases{executor, config},
          rows{executor, config},
          owner{executor, leases, id, settings.owner, settings.lease}
    {
    }

    PgLeaseStore leases;
    PgLaneStore rows;
    LaneOwner owner;
    std::unique_ptr<LaneRelay> relay;
};

Relay::Relay(asio::any_io_executor executor, pg::ConnectConfig config, Layout layout,
             std::vector<std::string> topics, EventLog& log, objects::RawStore& store,
             Standing& standing, RelaySettings settings, obs::Metrics& metrics, obs::Log& logger,
             obs::Health& health)
    : executor_{executor}, metrics_{metrics}
{
    for (std::int16_t number = 0; number < layout.lanes; ++number) {
        const LaneId id{number};
        auto lane = std::make_unique<Lane>(executor, config, id, settings);
        lane->relay = std::make_unique<LaneRelay>(
            executor, RelayPorts{lane->rows, log, store, &standing}, lane->owner, id, layout,
            topics, settings.relay, metrics_, logger, health);
        lanes_.push_back(std::move(lane));
    }
}

Relay::~Relay() = default;

asio::awaitable<void> Relay::run()
{
    std::vector<Started<bool>> running;
    for (const std::unique_ptr<Lane>& lane : lanes_)
        running.emplace_back(executor_, run_lane(*lane));
    for (Started<bool>& lane : running) co_await lane.get();
}

asio::awaitable<bool> Relay::run_lane(Lane& lane)
{
    const auto executor = co_await asio::this_coro::executor;
    Started<bool> lease{executor, keep_lease(lane)};
    co_await lane.relay->run();
    // Only now: the lane must stay ours until its last window is recorded.
    lane.owner.stop();
    co_return co_await lease.get();
}

asio::awaitable<bool> Relay::keep_lease(Lane& lane)
{
    co_await lane.owner.run();
    co_return true;
}

void Relay::drain()
{
    for (const std::unique_ptr<Lane>& lane : lanes_) lane->relay->drain();
}

void Relay::stop()
{
    for (const std::unique_ptr<Lane>& lane : lanes_) lane->relay->stop();
}

void Relay::wake(LaneId lane)
{
    lanes_.at(static_cast<std::size_t>(number(lane)))->relay->wake();
}

}  // namespace exchange::outbox
