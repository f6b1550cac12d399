#pragma once

#include "base/signal.hpp"
#include "obs/health.hpp"
#include "obs/log.hpp"
#include "obs/metrics.hpp"
#include "outbox/layout.hpp"
#include "outbox/standing.hpp"
#include "reconcile/sweep.hpp"

// Sweeps every now and then, in each process that has the relay role.
namespace exchange::reconcile {

struct SweeperConfig {
    // Each round lists all bundles of the raw store. More often: more list requests.
    std::chrono::seconds every{3600};
    // How long an orphan stays marked before it is removed. Long enough that someone notices when a
    // database was restored from an older backup, to which newer bundles look like orphans.
    std::chrono::seconds grace{24 * 3600};
};

class Sweeper {
public:
    Sweeper(boost::asio::any_io_executor executor, pg::ConnectConfig config, outbox::Layout layout,
            objects::RawStore& store, outbox::Standing& standing, SweeperConfig settings,
            obs::Metrics& metrics, obs::Log& log, obs::Health& health);

    // Until `stop()`; true, so that it can be waited for like a monitor.
    boost::asio::awaitable<bool> run();
    void stop();

    // One round, for `run` and for tests.
    boost::asio::awaitable<void> round();

private:
    boost::asio::awaitable<obs::Status> try_round();

    pg::Session session_;
    outbox::Layout layout_;
    objects::RawStore& store_;
    outbox::Standing& standing_;
    SweeperConfig settings_;
    obs::Log& log_;
    obs::Health& health_;
    obs::Gauge orphans_;
    obs::Gauge foreign_;
    obs::Counter removed_;
    obs::Counter rounds_;
    Signal wake_;
    bool stopping_ = false;
};

}  // namespace exchange::reconcile
