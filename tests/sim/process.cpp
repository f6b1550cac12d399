#include "sim/process.hpp"

#include "base/started.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace exchange::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

outbox::RelayConfig relay_config(const Plan& plan)
{
    outbox::RelayConfig config;
    config.window_rows_max = plan.window_rows_max;
    config.bundle_bytes_max = plan.bundle_bytes_max;
    config.poll_every = plan.poll_every;
    config.busy_rows = static_cast<std::size_t>(plan.window_rows_max / 2 + 1);
    config.put_timeout = 5s;
    config.record_within = plan.record_within;
    return config;
}

outbox::LeaseConfig lease_config(const Plan& plan)
{
    outbox::LeaseConfig config;
    config.ttl = plan.lease_ttl;
    config.renew_every = plan.lease_ttl / 4;
    config.seek_every = plan.lease_ttl / 8;
    return config;
}

ingest::GroupConfig group_config(const Plan& plan)
{
    ingest::GroupConfig config;
    config.rows_max = static_cast<std::size_t>(plan.window_rows_max);
    config.commit_timeout = 2s;
    return config;
}

asio::awaitable<bool> done(asio::awaitable<void> work)
{
    co_await std::move(work);
    co_return true;
}

asio::awaitable<void> handle(ingest::GroupCommit& group, std::shared_ptr<const AppendedRow> row,
                             std::function<void(ingest::Verdict)> reply)
{
    ingest::Incoming incoming;
    incoming.source = row->source;
    incoming.key = row->key;
    incoming.sha256 = row->sha256;
    incoming.kind = "claim";
    incoming.api = row->api;
    incoming.body = row->body;
    reply(co_await group.append(incoming));
}

}  // namespace

struct Process::LaneParts {
    LaneParts(Process& process, LaneId id, const std::string& owner_name)
        : executor{process.io.get_executor()},
          leases{process.servers_.postgres, process.layout_.version},
          rows{process.servers_.postgres},
          owner{executor, leases, id, owner_name, lease_config(process.world_.plan)},
          relay{executor,
                outbox::RelayPorts{rows, process.log_, process.store_, nullptr, nullptr,
                                   &process.turns_},
                owner,
                id,
                process.layout_,
                {"record.ingested.v1", "record.ingested.v2"},
                relay_config(process.world_.plan),
                process.instruments_.relay,
                process.instruments_.log,
                process.health_},
          group{executor,
                std::make_unique<SimAppender>(process.servers_.postgres),
                std::make_unique<Dice>(process.world_.dice.next()),
                process.layout_,
                id,
                group_config(process.world_.plan),
                process.instruments_.ingest,
                process.instruments_.log,
                [this] { relay.wake(); }}
    {
    }

    asio::any_io_executor executor;
    SimLeaseStore leases;
    SimLaneStore rows;
    outbox::LaneOwner owner;
    outbox::LaneRelay relay;
    ingest::GroupCommit group;
};

Process::Process(World& world, Servers servers, Instruments& instruments, std::string owner)
    : Machine{world.timeline},
      world_{world},
      servers_{servers},
      instruments_{instruments},
      layout_{servers.postgres.layout()},
      health_{instruments.log},
      log_{servers.broker},
      store_{servers.objects, world.dice.chance(world.plan.other_stores) ? "other" : "raw"},
      turns_{world.plan.windows_at_once}
{
    for (std::int16_t lane = 0; lane < layout_.lanes; ++lane)
        lanes_.push_back(std::make_unique<LaneParts>(*this, LaneId{lane}, owner));
}

Process::~Process() = default;

void Process::start()
{
    Machine::run([this] { asio::co_spawn(io, run(), asio::detached); });
}

// As outbox::Relay does: a lane stays ours until its last window is recorded.
asio::awaitable<bool> Process::run_lane(LaneParts& lane)
{
    Started<bool> appending{lane.executor, done(lane.group.run())};
    Started<bool> lease{lane.executor, done(lane.owner.run())};
    co_await lane.relay.run();
    lane.owner.stop();
    co_await lease.get();
    co_return co_await appending.get();
}

asio::awaitable<void> Process::run()
{
    std::vector<Started<bool>> running;
    for (const auto& lane : lanes_) running.emplace_back(io.get_executor(), run_lane(*lane));
    for (Started<bool>& lane : running) co_await lane.get();
    exited_ = true;
}

void Process::drain()
{
    draining_ = true;
    Machine::run([this] {
        for (const auto& lane : lanes_) {
            lane->group.stop();
            lane->relay.drain();
        }
    });
}

void Process::hand_over(LaneId lane)
{
    Machine::run(
        [this, lane] { lanes_.at(static_cast<std::size_t>(number(lane)))->relay.yield(); });
}

void Process::submit(std::shared_ptr<const AppendedRow> row,
                     std::function<void(ingest::Verdict)> reply)
{
    const LaneId lane = outbox::lane_of(layout_, row->source, row->key);
    ingest::GroupCommit& group = lanes_.at(static_cast<std::size_t>(number(lane)))->group;
    asio::co_spawn(io, handle(group, std::move(row), std::move(reply)), asio::detached);
}

std::vector<std::string> Process::halts() const
{
    std::vector<std::string> causes;
    for (const auto& [component, status] : health_.all())
        if (status.condition == obs::Condition::failed) causes.push_back(status.cause);
    return causes;
}

}  // namespace exchange::sim
