#include "app/monitors.hpp"

#include "app/topic_contract.hpp"
#include "outbox/conservation.hpp"
#include "outbox/preflight.hpp"
#include "outbox/quarantine.hpp"

namespace exchange::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

obs::Status trouble(obs::Condition condition, std::string cause, std::string remedy)
{
    obs::Status status;
    status.condition = condition;
    status.cause = std::move(cause);
    status.remedy = std::move(remedy);
    return status;
}

}  // namespace

Monitors::Monitors(asio::any_io_executor executor, MonitorParts parts, outbox::Layout layout,
                   objects::RawStore* store, outbox::PinnedStanding& standing,
                   std::function<void()> layout_changed)
    : executor_{executor},
      parts_{parts},
      layout_{layout},
      store_{store},
      standing_{standing},
      layout_changed_{std::move(layout_changed)},
      postgres_wake_{executor},
      kafka_wake_{executor},
      store_wake_{executor},
      returned_wake_{executor},
      conservation_wake_{executor},
      topic_watch_{parts.config.topic_grace}
{
}

void Monitors::stop()
{
    stopping_ = true;
    for (Signal* signal :
         {&postgres_wake_, &kafka_wake_, &store_wake_, &returned_wake_, &conservation_wake_})
        signal->notify();
}

asio::awaitable<bool> Monitors::watch_postgres()
{
    pg::Session session{executor_, parts_.config.postgres};
    while (!stopping_) {
        obs::Status status;
        try {
            co_await look_at_postgres(session);
            postgres_ok_ = true;
        } catch (const std::exception& failure) {
            postgres_ok_ = false;
            status = trouble(obs::Condition::failed, failure.what(),
                             "Start Postgres or correct DATABASE_URL. Requests are answered 503 "
                             "meanwhile; it goes on by itself");
        }
        parts_.health.set("postgres", std::move(status));
        co_await postgres_wake_.wait_until(SteadyClock::now() + 1s);
    }
    co_return true;
}

asio::awaitable<void> Monitors::look_at_postgres(pg::Session& session)
{
    const outbox::Layout now = co_await outbox::read_layout(session, SteadyClock::now() + 2s);
    if (now.version != layout_.version) {
        parts_.log.info("layout_changed", {{"lanes", now.lanes}});
        layout_has_changed_ = true;
        layout_changed_();
        throw std::runtime_error{"the number of lanes was changed; this process begins anew"};
    }
    const auto pins = co_await outbox::read_identity(session, SteadyClock::now() + 2s);
    const std::optional<outbox::Halt> halt = outbox::judge_identity(pins);
    standing_.set_postgres(halt);
    parts_.health.set("pins", halt ? trouble(obs::Condition::failed, halt->cause, halt->remedy)
                                   : obs::Status{});
}

asio::awaitable<bool> Monitors::kafka_is_ours()
{
    // Several wait here, and a Signal wakes one.
    while (!kafka_ours_ && !stopping_) co_await sleep_until(SteadyClock::now() + 100ms);
    co_return kafka_ours_;
}

asio::awaitable<bool> Monitors::watch_kafka()
{
    pg::Session session{executor_, parts_.config.postgres};
    while (!stopping_) {
        bool ours = false;
        try {
            ours = co_await look_at_kafka(session);
        } catch (const kafka::Error& failure) {
            for (const auto& [component, status] : outbox::judge_failure(failure))
                parts_.health.set(component, status);
        } catch (const std::exception&) {
            // Postgres is away: its own watch says so.
        }
        kafka_ours_ |= ours;
        co_await kafka_wake_.wait_until(SteadyClock::now() + (ours ? 2s : 1s));
    }
    co_return true;
}

// True when the broker answers and belongs to this database.
asio::awaitable<bool> Monitors::look_at_kafka(pg::Session& session)
{
    const auto contract = topic_contract(parts_.config.topic_prefix);
    const kafka::ClusterState cluster = co_await kafka::cluster_state(
        parts_.config.kafka, topic_names(contract), SteadyClock::now() + 4s);
    const std::string pinned = co_await outbox::pin(session, outbox::pin_cluster,
                                                    cluster.cluster_id, SteadyClock::now() + 2s);
    for (const auto& [component, status] :
         outbox::judge_cluster(cluster, pinned, layout_, contract))
        parts_.health.set(component, status);
    standing_.set_message_bytes(outbox::least_message_bytes(cluster));
    standing_.set_kafka(outbox::judge_belonging(cluster, pinned, layout_, contract));
    std::set<std::string> missing;
    missing_now_.clear();
    for (const std::string& topic : topic_names(contract)) {
        if (cluster.topics.contains(topic)) continue;
        missing.insert(topic);
        missing_now_.push_back(topic.substr(parts_.config.topic_prefix.size()));
    }
    std::set<std::string> lasting = topic_watch_.next(missing, SteadyClock::now());
    parts_.metrics
        .gauge("exchange_relay_missing_topics",
               "Topics that are missing for so long that their events wait in quarantine")
        .set(static_cast<double>(lasting.size()));
    standing_.set_missing_topics(std::move(lasting));
    co_return pinned == cluster.cluster_id;
}

asio::awaitable<bool> Monitors::watch_returned()
{
    pg::Session session{executor_, parts_.config.postgres};
    outbox::Quarantine quarantine{session, *store_};
    OutboxId after;
    while (!stopping_) {
        outbox::Released released;
        try {
            if (kafka_ours_)
                released = co_await quarantine.release_returned(missing_now_, standing_.allowed(),
                                                                after, SteadyClock::now() + 60s);
        } catch (const std::exception& failure) {
            parts_.log.warn("returned_rows_wait", {{"cause", failure.what()}});
        }
        if (released.rows > 0) parts_.log.info("returned_rows_released", {{"rows", released.rows}});
        if (released.stuck > 0)
            parts_.log.warn("returned_rows_wait",
                            {{"rows", released.stuck}, {"cause", released.cause}});
        after = released.next;
        if (after == OutboxId{}) co_await returned_wake_.wait_until(SteadyClock::now() + 2s);
    }
    co_return true;
}

asio::awaitable<bool> Monitors::watch_store()
{
    while (!stopping_) {
        obs::Status status;
        try {
            co_await store_->probe(SteadyClock::now() + 5s);
        } catch (const std::exception& failure) {
            status = trouble(obs::Condition::failed, failure.what(),
                             "Correct RAW_STORE, S3_ENDPOINT or AWS_* and restart, or start the "
                             "store. Records are taken meanwhile and published once it answers");
        }
        const bool ok = status.condition == obs::Condition::ok;
        parts_.health.set("raw_store", std::move(status));
        co_await store_wake_.wait_until(SteadyClock::now() + (ok ? 10s : 1s));
    }
    co_return true;
}

asio::awaitable<bool> Monitors::watch_conservation()
{
    pg::Session session{executor_, parts_.config.postgres};
    while (!stopping_) {
        try {
            co_await outbox::advance_tallies(session, layout_, SteadyClock::now() + 10s);
            const auto lanes =
                co_await outbox::read_conservation(session, SteadyClock::now() + 10s);
            outbox::expose(parts_.metrics, lanes);
        } catch (const std::exception&) {
            // Postgres is away: its own watch says so, and the gauges keep their last value.
        }
        co_await conservation_wake_.wait_until(SteadyClock::now() + 5s);
    }
    co_return true;
}

}  // namespace exchange::app
