#pragma once

#include "app/config.hpp"
#include "base/signal.hpp"
#include "objects/raw_store.hpp"
#include "obs/health.hpp"
#include "obs/metrics.hpp"
#include "outbox/standing.hpp"
#include "outbox/topic_watch.hpp"

#include <atomic>
#include <functional>
#include <vector>

// Loops that look at the dependencies and say what they see: for operators only, nothing waits for
// them but the relay's first start. On the relay's executor.
namespace exchange::app {

struct MonitorParts {
    const Config& config;
    obs::Log& log;
    obs::Metrics& metrics;
    obs::Health& health;
};

class Monitors {
public:
    Monitors(boost::asio::any_io_executor executor, MonitorParts parts, outbox::Layout layout,
             objects::RawStore* store, outbox::PinnedStanding& standing,
             std::function<void()> layout_changed);

    // Each until `stop()`.
    boost::asio::awaitable<bool> watch_postgres();
    boost::asio::awaitable<bool> watch_kafka();
    boost::asio::awaitable<bool> watch_store();
    // Publishes what waited for a topic that is there again.
    boost::asio::awaitable<bool> watch_returned();
    boost::asio::awaitable<bool> watch_conservation();
    void stop();

    // Returns true once the broker answered and is the pinned one; false when stopped before.
    boost::asio::awaitable<bool> kafka_is_ours();

    bool postgres_ok() const { return postgres_ok_; }
    bool layout_has_changed() const { return layout_has_changed_; }

private:
    boost::asio::awaitable<void> look_at_postgres(pg::Session& session);
    boost::asio::awaitable<bool> look_at_kafka(pg::Session& session);

    boost::asio::any_io_executor executor_;
    MonitorParts parts_;
    outbox::Layout layout_;
    objects::RawStore* store_;
    outbox::PinnedStanding& standing_;
    std::function<void()> layout_changed_;
    bool layout_has_changed_ = false;
    Signal postgres_wake_;
    Signal kafka_wake_;
    Signal store_wake_;
    Signal returned_wake_;
    Signal conservation_wake_;
    outbox::TopicWatch topic_watch_;
    bool kafka_ours_ = false;
    // All topics that were missing in the last look, and whether there was one.
    std::vector<std::string> missing_now_;
    std::atomic<bool> postgres_ok_ = true;
    bool stopping_ = false;
};

}  // namespace exchange::app
