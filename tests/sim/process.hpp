#pragma once

#include "ingest/group_commit.hpp"
#include "outbox/lane_relay.hpp"
#include "sim/event_log.hpp"
#include "sim/objects.hpp"
#include "sim/postgres_ports.hpp"

// A process of the exchange: ingest and relay of every lane, as app/service.cpp puts them together.
// Destroying it is kill -9.
namespace exchange::sim {

// Counted and logged nowhere; shared, since making them costs more than a simulated second.
struct Instruments {
    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::none};
    obs::Metrics registry;
    outbox::RelayMetrics relay{registry};
    ingest::IngestMetrics ingest{registry};
};

struct Servers {
    Postgres& postgres;
    Broker& broker;
    Objects& objects;
};

class Process final : public Machine {
public:
    Process(World& world, Servers servers, Instruments& instruments, std::string owner);
    ~Process() override;

    void start();
    // SIGTERM.
    void drain();
    // Where lanes are spread anew.
    void hand_over(LaneId lane);
    bool exited() const { return exited_; }
    bool draining() const { return draining_; }
    // As it was in the database when this process started.
    const outbox::Layout& layout() const { return layout_; }

    // One request; `reply` is called if this process lives to give an answer.
    void submit(std::shared_ptr<const AppendedRow> row, std::function<void(ingest::Verdict)> reply);

    // Lanes that stand still until an operator decides.
    std::vector<std::string> halts() const;

private:
    struct LaneParts;

    static boost::asio::awaitable<bool> run_lane(LaneParts& lane);
    boost::asio::awaitable<void> run();

    World& world_;
    Servers servers_;
    Instruments& instruments_;
    outbox::Layout layout_;
    obs::Health health_;
    SimEventLog log_;
    SimRawStore store_;
    Turns turns_;
    std::vector<std::unique_ptr<LaneParts>> lanes_;
    bool draining_ = false;
    bool exited_ = false;
};

}  // namespace exchange::sim
