#include "outbox/pg_lane_store.hpp"

#include "outbox/pg_lane_steps.hpp"
#include "outbox/sql.hpp"

#include <algorithm>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// A renewal must be answered well within the lease; rows may take longer.
TimePoint lease_deadline()
{
    return SteadyClock::now() + std::chrono::seconds{2};
}
TimePoint rows_deadline()
{
    return SteadyClock::now() + std::chrono::seconds{15};
}

std::chrono::microseconds in_us(Duration duration)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

OutboxRow read_row(const pg::Rows& rows, int row)
{
    OutboxRow out;
    out.id = OutboxId{rows.integer(row, 0)};
    out.topic = rows.bytes(row, 1);
    out.record_id = RecordId{rows.uuid(row, 2)};
    out.event_id = rows.uuid(row, 3);
    out.source = rows.bytes(row, 4);
    out.kind = rows.bytes(row, 5);
    out.schema_hint = rows.bytes(row, 6);
    out.api = static_cast<record::Api>(rows.integer(row, 7));
    const std::string_view digest = rows.bytes(row, 8);
    std::copy_n(digest.begin(), std::min(digest.size(), out.sha256.size()), out.sha256.begin());
    out.correlation_id = rows.bytes(row, 9);
    out.traceparent = rows.bytes(row, 10);
    out.created_at_us = rows.unix_us(row, 11);
    out.size = static_cast<std::int32_t>(rows.integer(row, 12));
    out.body = rows.bytes(row, 13);
    out.held = rows.boolean(row, 14);
    return out;
}

Window make_window(OutboxId from, pg::Rows answer)
{
    auto rows = std::make_shared<pg::Rows>(std::move(answer));
    Window window;
    window.from = from;
    window.to = from;
    window.rows.reserve(static_cast<std::size_t>(rows->size()));
    for (int row = 0; row < rows->size(); ++row) window.rows.push_back(read_row(*rows, row));
    if (!window.rows.empty()) window.to = window.rows.back().id;
    window.storage = std::move(rows);
    return window;
}

Bundle read_bundle(const pg::Rows& rows, int row)
{
    Bundle bundle;
    bundle.bucket = rows.bytes(row, 0);
    bundle.object_key = rows.bytes(row, 1);
    const std::string_view digest = rows.bytes(row, 2);
    std::copy_n(digest.begin(), std::min(digest.size(), bundle.sha256.size()),
                bundle.sha256.begin());
    bundle.size = static_cast<std::uint64_t>(rows.integer(row, 3));
    bundle.ids = rows.integers(row, 4);
    for (const std::int64_t length : rows.integers(row, 5))
        bundle.lengths.push_back(static_cast<std::int32_t>(length));
    bundle.source = rows.bytes(row, 6);
    return bundle;
}

Positions read_positions(const pg::Rows& rows)
{
    const auto topics = rows.byte_strings(0, 1);
    const auto partitions = rows.integers(0, 2);
    const auto offsets = rows.integers(0, 3);
    const auto sequences = rows.integers(0, 4);
    Positions positions;
    for (std::size_t at = 0; at < topics.size(); ++at) {
        kafka::TopicPartition partition;
        partition.topic = topics[at];
        partition.partition = static_cast<std::int32_t>(partitions.at(at));
        positions[partition] = Position{offsets.at(at), sequences.at(at), 0};
    }
    return positions;
}

pg::Params lane_and_id(LaneId lane, OutboxId id)
{
    pg::Params params;
    params.int2(number(lane)).int8(id.value);
    return params;
}

}  // namespace

PgLeaseStore::PgLeaseStore(asio::any_io_executor executor, pg::ConnectConfig config,
                           int layout_version)
    : session_{std::move(executor), std::move(config)}, layout_version_{layout_version}
{
}

asio::awaitable<std::optional<Epoch>> PgLeaseStore::acquire(LeaseTerms terms)
{
    pg::Params params;
    params.int2(number(terms.lane)).interval(in_us(terms.ttl)).text(terms.owner);
    params.int4(layout_version_);
    const pg::Rows rows =
        co_await session_.run(sql::acquire_lease, std::move(params), lease_deadline());
    if (rows.size() == 0) co_return std::nullopt;
    co_return Epoch{rows.integer(0, 0)};
}

asio::awaitable<bool> PgLeaseStore::renew(LeaseTerms terms, Epoch epoch)
{
    pg::Params params;
    params.int2(number(terms.lane)).interval(in_us(terms.ttl)).int8(epoch.value);
    const pg::Rows rows =
        co_await session_.run(sql::renew_lease, std::move(params), lease_deadline());
    co_return rows.size() == 1;
}

asio::awaitable<void> PgLeaseStore::release(LaneId lane, Epoch epoch)
{
    pg::Params params;
    params.int2(number(lane)).int8(epoch.value);
    co_await session_.run(sql::release_lease, std::move(params), lease_deadline());
}

PgLaneStore::PgLaneStore(asio::any_io_executor executor, pg::ConnectConfig config)
    : session_{std::move(executor), std::move(config)}
{
}

asio::awaitable<std::optional<LaneState>> PgLaneStore::load(LaneId lane, Epoch epoch)
{
    pg::Params ownership;
    ownership.int2(number(lane)).int8(epoch.value);
    const pg::Rows ours =
        co_await session_.run(sql::own_lane, std::move(ownership), rows_deadline());
    if (ours.size() == 0) co_return std::nullopt;
    pg::Params params;
    params.int2(number(lane));
    const pg::Rows last =
        co_await session_.run(sql::last_published, std::move(params), rows_deadline());
    LaneState state;
    if (last.size() == 1) {
        state.published_up_to = OutboxId{last.integer(0, 0)};
        state.positions = read_positions(last);
    }
    co_await take_up_accepted(lane, state);
    state.unfinished = co_await load_unfinished(lane, state.published_up_to);
    pg::Params of_lane;
    of_lane.int2(number(lane));
    const pg::Rows denied =
        co_await session_.run(sql::denied_topics, std::move(of_lane), rows_deadline());
    for (int row = 0; row < denied.size(); ++row)
        state.denied_topics.emplace_back(denied.bytes(row, 0));
    co_return state;
}

// Until something is published to a log that was accepted, it stands where it stood then.
asio::awaitable<void> PgLaneStore::take_up_accepted(LaneId lane, LaneState& state)
{
    pg::Params params;
    params.int2(number(lane));
    const pg::Rows log =
        co_await session_.run(sql::accepted_log, std::move(params), rows_deadline());
    if (log.size() == 0) co_return;
    state.accepted_up_to = log.integer(0, 5);
    if (log.integer(0, 0) == state.published_up_to.value) state.positions = read_positions(log);
    state.settled_up_to = log.integer(0, 6);
    state.published_up_to = std::max(state.published_up_to, OutboxId{state.settled_up_to});
}

asio::awaitable<std::vector<PlannedWindow>> PgLaneStore::load_unfinished(LaneId lane,
                                                                         OutboxId after)
{
    const pg::Rows windows =
        co_await session_.run(sql::planned_windows, lane_and_id(lane, after), rows_deadline());
    const pg::Rows bundles =
        co_await session_.run(sql::window_bundles, lane_and_id(lane, after), rows_deadline());
    std::vector<PlannedWindow> unfinished;
    for (int row = 0; row < windows.size(); ++row) {
        const OutboxId from{windows.integer(row, 0)};
        const OutboxId to{windows.integer(row, 1)};
        pg::Params params = lane_and_id(lane, from);
        params.int8(to.value);
        pg::Rows rows =
            co_await session_.run(sql::read_planned_rows, std::move(params), rows_deadline());
        PlannedWindow planned;
        planned.window = make_window(from, std::move(rows));
        planned.window.to = to;
        if (static_cast<std::int64_t>(planned.window.rows.size()) != windows.integer(row, 2))
            throw std::logic_error{"a planned window has other rows than were planned"};
        for (int bundle = 0; bundle < bundles.size(); ++bundle)
            if (bundles.integer(bundle, 7) == to.value)
                planned.bundles.push_back(read_bundle(bundles, bundle));
        unfinished.push_back(std::move(planned));
    }
    co_return unfinished;
}

asio::awaitable<Window> PgLaneStore::read(LaneId lane, OutboxId after, int rows_max,
                                          std::int64_t bytes_max)
{
    pg::Params params = lane_and_id(lane, after);
    params.int4(rows_max).int8(bytes_max);
    pg::Rows rows = co_await session_.run(sql::read_window, std::move(params), rows_deadline());
    co_return make_window(after, std::move(rows));
}

asio::awaitable<bool> PgLaneStore::move_bundles(LaneId lane, Epoch epoch,
                                                const PlannedWindow& planned)
{
    std::vector<std::int64_t> first_ids;
    std::vector<std::string_view> keys;
    for (const Bundle& bundle : planned.bundles) {
        first_ids.push_back(bundle.ids.front());
        keys.push_back(bundle.object_key);
    }
    pg::Params params;
    params.int2(number(lane)).int8(epoch.value).int8(planned.window.to.value);
    params.text(planned.bundles.at(0).bucket).int8_array(first_ids).text_array(keys);
    const pg::Rows rows =
        co_await session_.run(sql::move_planned, std::move(params), rows_deadline());
    co_return rows.boolean(0, 0);
}

asio::awaitable<bool> PgLaneStore::commit(LaneId lane, Epoch epoch, LaneCommit what)
{
    const std::vector<pg::Rows> answers =
        co_await session_.transaction(commit_steps(lane, epoch, what), rows_deadline());
    // The first step carries the epoch's check; the lease row is locked from then on.
    co_return answers.at(0).size() > 0;
}

}  // namespace exchange::outbox
