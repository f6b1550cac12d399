#pragma once

#include "outbox/ports.hpp"
#include "pg/session.hpp"

// The relay's ports over Postgres. One session for the lane's rows and one for its lease, so that a
// slow window never delays a renewal.
namespace exchange::outbox {

class PgLeaseStore final : public LeaseStore {
public:
    // Grants no lane once the layout is of another version.
    PgLeaseStore(boost::asio::any_io_executor executor, pg::ConnectConfig config,
                 int layout_version);
    boost::asio::awaitable<std::optional<Epoch>> acquire(LeaseTerms terms) override;
    boost::asio::awaitable<bool> renew(LeaseTerms terms, Epoch epoch) override;
    boost::asio::awaitable<void> release(LaneId lane, Epoch epoch) override;

private:
    pg::Session session_;
    int layout_version_;
};

class PgLaneStore final : public LaneStore {
public:
    PgLaneStore(boost::asio::any_io_executor executor, pg::ConnectConfig config);
    boost::asio::awaitable<std::optional<LaneState>> load(LaneId lane, Epoch epoch) override;
    boost::asio::awaitable<Window> read(LaneId lane, OutboxId after, int rows_max,
                                        std::int64_t bytes_max) override;
    boost::asio::awaitable<bool> commit(LaneId lane, Epoch epoch, LaneCommit what) override;
    boost::asio::awaitable<bool> move_bundles(LaneId lane, Epoch epoch,
                                              const PlannedWindow& planned) override;

private:
    boost::asio::awaitable<void> take_up_accepted(LaneId lane, LaneState& state);
    boost::asio::awaitable<std::vector<PlannedWindow>> load_unfinished(LaneId lane, OutboxId after);

    pg::Session session_;
};

}  // namespace exchange::outbox
