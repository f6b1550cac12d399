#include "outbox/relay.hpp"

#include "base/started.hpp"

#include <algorithm>
#include <utility>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// Longer than the restart of a broker takes: that is no reason to give lanes away.
constexpr Duration cut_off_most = std::chrono::seconds{10};
constexpr const char* component = "relay";

}  // namespace

struct Relay::Lane {
    Lane(const asio::any_io_executor& executor, const pg::ConnectConfig& config, LaneId id,
         int layout_version, const RelaySettings& settings, std::function<bool()> may_take)
        : leases{executor, config, layout_version},
          rows{executor, config},
          owner{executor, leases, id, settings.owner, settings.lease, std::move(may_take)}
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
    : executor_{executor},
      log_{log},
      any_partition_{topics.at(0), 0},
      metrics_{metrics},
      health_{health},
      register_{executor, config, settings.owner, settings.lease.ttl},
      owner_{settings.owner},
      beat_every_{std::min<Duration>(settings.lease.renew_every, std::chrono::seconds{1})},
      share_{static_cast<std::size_t>(layout.lanes)},
      wake_{executor},
      turns_{settings.windows_at_once}
{
    auto may_take = [this] { return lanes_counted() < share_; };
    for (std::int16_t number = 0; number < layout.lanes; ++number) {
        const LaneId id{number};
        auto lane =
            std::make_unique<Lane>(executor, config, id, layout.version, settings, may_take);
        lane->relay = std::make_unique<LaneRelay>(
            executor, RelayPorts{lane->rows, log, store, &standing, settings.tracer, &turns_},
            lane->owner, id, layout, topics, settings.relay, metrics_, logger, health);
        lanes_.push_back(std::move(lane));
    }
}

Relay::~Relay() = default;

asio::awaitable<void> Relay::run()
{
    std::vector<Started<bool>> running;
    for (const std::unique_ptr<Lane>& lane : lanes_)
        running.emplace_back(executor_, run_lane(*lane));
    Started<bool> sharing{executor_, share_lanes()};
    for (Started<bool>& lane : running) co_await lane.get();
    leaving_ = true;
    wake_.notify();
    co_await sharing.get();
}

std::size_t Relay::lanes_counted() const
{
    return static_cast<std::size_t>(std::ranges::count_if(
        lanes_, [](const std::unique_ptr<Lane>& lane) { return lane->owner.counts(); }));
}

asio::awaitable<bool> Relay::share_lanes()
{
    while (!leaving_) {
        try {
            co_await look_around();
        } catch (const std::exception&) {
            // Postgres is away: its own watch says so, and the share stays as it was.
        }
        co_await wake_.wait_until(SteadyClock::now() + beat_every_);
    }
    try {
        co_await register_.leave();
    } catch (const std::exception&) {
        // It expires by itself; the others only take the lanes later.
    }
    co_return true;
}

bool Relay::cut_off() const
{
    return std::ranges::any_of(lanes_, [](const std::unique_ptr<Lane>& lane) {
        const std::optional<TimePoint> since = lane->relay->cut_off_since();
        return lane->owner.epoch() && since && SteadyClock::now() - *since > cut_off_most;
    });
}

// Leaves the lanes to others until Kafka answers again.
asio::awaitable<void> Relay::rest()
{
    resting_ = true;
    share_ = 0;
    obs::Status status;
    status.condition = obs::Condition::failed;
    status.cause = "Kafka does not answer this process: its lanes are left to the other relays.";
    status.remedy = "Check the network between this host and KAFKA_BROKERS. It takes lanes again "
                    "by itself.";
    health_.set(component, std::move(status));
    for (const std::unique_ptr<Lane>& lane : lanes_)
        if (lane->owner.epoch()) lane->relay->yield();
    metrics_.owned_lanes.set(0);
    co_await register_.leave();
}

asio::awaitable<bool> Relay::kafka_answers()
{
    try {
        co_await log_.tails({any_partition_});
    } catch (const kafka::Error& failure) {
        co_return failure.fault() != kafka::Fault::unavailable;
    }
    co_return true;
}

asio::awaitable<void> Relay::look_around()
{
    if (resting_ && !co_await kafka_answers()) co_return;
    if (std::exchange(resting_, false)) health_.ok(component);
    const std::vector<std::string> alive = co_await register_.beat();
    alive_ = alive.size();
    share_ = lane_share(lanes_.size(), alive, owner_);
    std::size_t owned = 0;
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        if (!lane->owner.epoch()) continue;
        if (++owned > share_) lane->relay->yield();
    }
    metrics_.owned_lanes.set(static_cast<double>(owned));
    metrics_.processes.set(static_cast<double>(alive_));
    if (alive_ > 1 && cut_off()) co_await rest();
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
    leaving_ = true;
    wake_.notify();
    if (alive_ > 1) return stop();
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
