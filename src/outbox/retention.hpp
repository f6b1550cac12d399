#pragma once

#include "objects/raw_store.hpp"
#include "obs/health.hpp"
#include "obs/log.hpp"
#include "outbox/layout.hpp"

#include "base/signal.hpp"

#include <functional>

// Makes partitions ahead of need and drops what is done. One per process; any number of processes
// may run it at once.
namespace exchange::outbox {

struct RetentionConfig {
    // Ids of one partition of outbox and staged bytes. More: fewer tables, but disk is given back
    // in larger steps. Fixed for a database once it holds rows.
    std::int64_t partition_ids = 1'000'000;
    // Partitions beyond the newest id. At 20,000 records a second each lasts 50 s.
    int partitions_ahead = 4;
    Duration make_every = std::chrono::seconds{5};
    Duration drop_every = std::chrono::seconds{60};
    // A process without the relay role makes partitions and leaves the rest to the others: what is
    // taken must have its place also while no relay runs.
    bool make_only = false;
    // How long published events stay visible in the outbox.
    std::chrono::hours keep_published{24};
    // How long an idempotency key is remembered at least.
    std::chrono::hours keep_keys{24 * 7};
};

class Retention {
public:
    // While `short_of_room` says so, each round drops, and the partition that is being filled is
    // closed so that it can go too: intake is paused, nothing else would ever fill it.
    Retention(boost::asio::any_io_executor executor, pg::ConnectConfig config, Layout layout,
              objects::RawStore& store, RetentionConfig settings, obs::Log& log,
              obs::Health& health, std::function<bool()> short_of_room = {});

    boost::asio::awaitable<void> run();
    void stop();

    // One round each, for `run` and for tests. `drop` answers how many tables it dropped.
    boost::asio::awaitable<void> make();
    boost::asio::awaitable<int> drop();

private:
    boost::asio::awaitable<void> release_stranded();
    boost::asio::awaitable<bool> bundles_stored(std::int64_t low);
    boost::asio::awaitable<bool> bundles_stored(LaneId lane, std::int64_t low);

    pg::Session session_;
    Layout layout_;
    objects::RawStore& store_;
    RetentionConfig settings_;
    obs::Log& log_;
    obs::Health& health_;
    std::function<bool()> short_of_room_;
    Signal wake_;
    bool stopping_ = false;
};

}  // namespace exchange::outbox
