#include "outbox/retention.hpp"

#include "base/failpoint.hpp"
#include "outbox/conservation.hpp"
#include "outbox/quarantine.hpp"
#include "outbox/sql.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{30};
}

}  // namespace

Retention::Retention(asio::any_io_executor executor, pg::ConnectConfig config, Layout layout,
                     objects::RawStore& store, RetentionConfig settings, obs::Log& log,
                     obs::Health& health, std::function<bool()> short_of_room)
    : session_{executor, std::move(config)},
      layout_{layout},
      store_{store},
      settings_{settings},
      log_{log},
      health_{health},
      short_of_room_{std::move(short_of_room)},
      wake_{executor}
{
}

void Retention::stop()
{
    stopping_ = true;
    wake_.notify();
}

asio::awaitable<void> Retention::run()
{
    TimePoint drop_at = SteadyClock::now() + settings_.drop_every;
    while (!stopping_) {
        obs::Status status;
        try {
            co_await make();
            if (!settings_.make_only) {
                if (SteadyClock::now() >= drop_at || (short_of_room_ && short_of_room_())) {
                    co_await drop();
                    drop_at = SteadyClock::now() + settings_.drop_every;
                }
                co_await release_stranded();
            }
        } catch (const std::exception& failure) {
            status.condition = obs::Condition::degraded;
            status.cause = failure.what();
            status.remedy =
                "It is tried again by itself; if it lasts, look at Postgres' disk and log.";
        }
        health_.set("retention", std::move(status));
        // Not until drop_at: it is past as long as Postgres is away.
        co_await wake_.wait_until(SteadyClock::now() +
                                  std::min(settings_.make_every, settings_.drop_every));
    }
}

asio::awaitable<void> Retention::make()
{
    pg::Params params;
    params.int8(settings_.partition_ids).int4(settings_.partitions_ahead);
    failpoint("retention/make");
    const pg::Rows made = co_await session_.run(sql::ensure_partitions, std::move(params), soon());
    if (made.integer(0, 0) > 0) log_.info("partitions_made", {{"tables", made.integer(0, 0)}});
}

// Events that waited for one that was decided about at that very moment.
asio::awaitable<void> Retention::release_stranded()
{
    Quarantine quarantine{session_, store_};
    OutboxId after;
    do {
        const Released released = co_await quarantine.release_stranded(after, soon());
        if (released.rows > 0) log_.info("held_rows_released", {{"rows", released.rows}});
        if (released.stuck > 0)
            log_.warn("held_rows_wait", {{"rows", released.stuck}, {"cause", released.cause}});
        after = released.next;
    } while (after != OutboxId{} && !stopping_);
}

asio::awaitable<int> Retention::drop()
{
    if (short_of_room_ && short_of_room_()) {
        pg::Params params;
        params.int8(settings_.partition_ids);
        const pg::Rows closed =
            co_await session_.run(sql::close_partition, std::move(params), soon());
        if (closed.boolean(0, 0)) log_.info("partition_closed");
    }
    // Dropping counts under the lanes' locks: what was counted before is no work then.
    co_await advance_tallies(session_, layout_, soon());
    pg::Params which;
    which.int8(settings_.partition_ids);
    const pg::Rows done = co_await session_.run(sql::done_partitions, std::move(which), soon());
    std::int64_t dropped = 0;
    for (int row = 0; row < done.size(); ++row) {
        const std::int64_t low = done.integer(row, 0);
        const bool stored = co_await bundles_stored(low);
        if (!stored) break;
        failpoint("retention/bundles-seen");
        pg::Params params;
        params.int8(low).int8(settings_.partition_ids);
        const pg::Rows answer = co_await session_.run(sql::drop_staged, std::move(params), soon());
        dropped += answer.boolean(0, 0) ? 1 : 0;
        failpoint("retention/staged-dropped");
    }
    pg::Params params;
    params.int8(settings_.partition_ids).interval(settings_.keep_published);
    const pg::Rows outbox = co_await session_.run(sql::drop_done, std::move(params), soon());
    failpoint("retention/outbox-dropped");
    pg::Params keep;
    keep.interval(settings_.keep_keys);
    const pg::Rows keys = co_await session_.run(sql::drop_old_keys, std::move(keep), soon());
    dropped += outbox.integer(0, 0) + keys.integer(0, 0);
    if (dropped > 0) log_.info("partitions_dropped", {{"tables", dropped}});
    co_return static_cast<int>(dropped);
}

asio::awaitable<bool> Retention::bundles_stored(std::int64_t low)
{
    // Asked anew: lanes may have been added since this process began.
    const Layout layout = co_await read_layout(session_, soon());
    for (std::int16_t lane = 0; lane < layout.lanes_ever; ++lane) {
        const bool stored = co_await bundles_stored(LaneId{lane}, low);
        if (!stored) co_return false;
    }
    co_return true;
}

// Walks the lane's bundles and the store's listing side by side: both are in key order.
asio::awaitable<bool> Retention::bundles_stored(LaneId lane, std::int64_t low)
{
    pg::Params params;
    params.int2(number(lane)).int8(low).int8(low + settings_.partition_ids);
    const pg::Rows bundles =
        co_await session_.run(sql::bundles_of_partition, std::move(params), soon());
    const std::string own = store_.key_prefix();
    const std::string prefix = fmt::format("bundles/{:02}/", number(lane));
    std::vector<objects::ObjectInfo> page;
    std::size_t at = 0;
    bool more = true;
    for (int row = 0; row < bundles.size(); ++row) {
        const std::string_view key = bundles.bytes(row, 0);
        while (at < page.size() ? own + page[at].key < key : more) {
            if (++at < page.size()) continue;
            // Just below the key that is looked for: nothing before it matters any more.
            std::string after{key.substr(own.size(), key.size() - own.size() - 1)};
            page = co_await store_.list(prefix, std::move(after), soon());
            more = page.size() == 1000;
            at = 0;
            if (page.empty()) break;
        }
        const bool found = at < page.size() && own + page[at].key == key &&
                           static_cast<std::int64_t>(page[at].size) == bundles.integer(row, 1);
        if (found) continue;
        log_.error("bundle_missing", {{"key", key}});
        obs::Status status;
        status.condition = obs::Condition::failed;
        status.cause = fmt::format("bundle {} is not in the raw store as it was written", key);
        status.remedy =
            "Its bytes are kept in Postgres. Restore the object, or the bucket's policy "
            "that removed it.";
        health_.set("raw_store_bundles", std::move(status));
        co_return false;
    }
    health_.ok("raw_store_bundles");
    co_return true;
}

}  // namespace exchange::outbox
