#pragma once

#include "sim/postgres.hpp"

// The simulated database behind the ports of relay and ingest.
namespace exchange::sim {

class SimLeaseStore final : public outbox::LeaseStore {
public:
    SimLeaseStore(Postgres& postgres, int layout_version)
        : postgres_{postgres}, layout_version_{layout_version}
    {
    }
    boost::asio::awaitable<std::optional<Epoch>> acquire(outbox::LeaseTerms terms) override;
    boost::asio::awaitable<bool> renew(outbox::LeaseTerms terms, Epoch epoch) override;
    boost::asio::awaitable<void> release(LaneId lane, Epoch epoch) override;

private:
    Postgres& postgres_;
    int layout_version_;
};

class SimLaneStore final : public outbox::LaneStore {
public:
    explicit SimLaneStore(Postgres& postgres) : postgres_{postgres} {}
    boost::asio::awaitable<std::optional<outbox::LaneState>> load(LaneId lane,
                                                                  Epoch epoch) override;
    boost::asio::awaitable<outbox::Window> read(LaneId lane, OutboxId after, int rows_max,
                                                std::int64_t bytes_max) override;
    boost::asio::awaitable<bool> commit(LaneId lane, Epoch epoch, outbox::LaneCommit what) override;
    boost::asio::awaitable<bool> move_bundles(LaneId lane, Epoch epoch,
                                              const outbox::PlannedWindow& planned) override;

private:
    Postgres& postgres_;
};

class SimAppender final : public outbox::Appender {
public:
    explicit SimAppender(Postgres& postgres) : postgres_{postgres} {}
    boost::asio::awaitable<void> connect(TimePoint deadline) override;
    boost::asio::awaitable<std::vector<outbox::AppendAnswer>>
    append(const outbox::Layout& layout, LaneId lane, std::span<const outbox::AppendRow> rows,
           TimePoint deadline) override;
    boost::asio::awaitable<std::vector<std::optional<outbox::AppendAnswer>>>
    look_up(std::span<const outbox::AppendRow> rows, TimePoint deadline) override;
    void close() override {}

private:
    Postgres& postgres_;
};

}  // namespace exchange::sim
