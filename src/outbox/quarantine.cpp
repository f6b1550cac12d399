#include "outbox/quarantine.hpp"

#include "outbox/raw_bytes.hpp"
#include "outbox/sql.hpp"
#include "pg/oids.hpp"

#include <fmt/format.h>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// Each try looks again at what the row holds; only a busy relay makes that change.
constexpr int tries = 5;
constexpr int rows_a_page = 200;

pg::Params filter_params(const QuarantineFilter& filter, OutboxId after, int rows_max)
{
    pg::Params params;
    params.int8(after.value).int4(rows_max);
    params.int2(filter.lane ? number(*filter.lane) : std::int16_t{-1}).text(filter.code);
    if (filter.record) params.uuid(filter.record->value);
    else params.null(pg::oid::uuid);
    params.boolean(filter.decided);
    return params;
}

QuarantineEntry read_entry(const pg::Rows& rows, int row)
{
    QuarantineEntry entry;
    entry.id = OutboxId{rows.integer(row, 0)};
    entry.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 1))};
    entry.record = RecordId{rows.uuid(row, 2)};
    entry.code = rows.bytes(row, 3);
    entry.detail = rows.bytes(row, 4);
    entry.quarantined_at_us = rows.unix_us(row, 5);
    entry.held_by = OutboxId{rows.integer(row, 6)};
    entry.decision = rows.bytes(row, 7);
    entry.new_id = OutboxId{rows.integer(row, 8)};
    return entry;
}

void read_event(QuarantineDetails& details, const pg::Rows& rows)
{
    details.topic = rows.bytes(0, 0);
    details.event_id = rows.uuid(0, 1);
    details.source = rows.bytes(0, 2);
    details.kind = rows.bytes(0, 3);
    details.schema_hint = rows.bytes(0, 4);
    details.api = rows.integer(0, 5);
    details.sha256 = rows.bytes(0, 6);
    details.size = rows.integer(0, 7);
    details.correlation_id = rows.bytes(0, 8);
    details.traceparent = rows.bytes(0, 9);
    details.created_at_us = rows.unix_us(0, 10);
    details.staged = rows.boolean(0, 11);
    details.holds = rows.integers(0, 12);
}

pg::Params id_param(OutboxId id)
{
    pg::Params params;
    params.int8(id.value);
    return params;
}

bool lacks_object(objects::StoreFault fault)
{
    return fault == objects::StoreFault::object_missing || fault == objects::StoreFault::corrupted;
}

AppendedAgain read_appended(const pg::Rows& rows)
{
    AppendedAgain appended;
    for (int row = 0; row < rows.size(); ++row)
        appended.emplace_back(OutboxId{rows.integer(row, 0)}, OutboxId{rows.integer(row, 1)});
    return appended;
}

}  // namespace

asio::awaitable<std::vector<QuarantineEntry>>
Quarantine::list(QuarantineFilter filter, OutboxId after, int rows_max, TimePoint deadline)
{
    pg::Params params = filter_params(filter, after, rows_max);
    const pg::Rows rows = co_await session_.run(sql::quarantine_list, std::move(params), deadline);
    std::vector<QuarantineEntry> entries;
    for (int row = 0; row < rows.size(); ++row) entries.push_back(read_entry(rows, row));
    co_return entries;
}

asio::awaitable<std::optional<QuarantineDetails>> Quarantine::show(OutboxId id, TimePoint deadline)
{
    QuarantineFilter any;
    any.decided = true;
    const OutboxId before{id.value - 1};
    const std::vector<QuarantineEntry> found = co_await list(any, before, 1, deadline);
    if (found.empty() || found[0].id != id) co_return std::nullopt;
    const pg::Rows rows = co_await session_.run(sql::quarantine_show, id_param(id), deadline);
    QuarantineDetails details;
    details.entry = found[0];
    if (rows.size() == 1) read_event(details, rows);
    co_return details;
}

asio::awaitable<AppendedAgain> Quarantine::release(Decision decision, TimePoint deadline)
{
    return resolve("released", std::move(decision), deadline);
}

asio::awaitable<AppendedAgain> Quarantine::discard(Decision decision, TimePoint deadline)
{
    return resolve("discarded", std::move(decision), deadline);
}

asio::awaitable<AppendedAgain> Quarantine::resolve(const char* kind, Decision decision,
                                                   TimePoint deadline)
{
    QuarantineFilter any;
    any.decided = true;
    const OutboxId before{decision.id.value - 1};
    const std::vector<QuarantineEntry> found = co_await list(any, before, 1, deadline);
    if (found.empty() || found[0].id != decision.id)
        throw std::invalid_argument{
            fmt::format("outbox row {} is not in quarantine", decision.id.value)};
    if (!found[0].decision.empty())
        throw std::invalid_argument{
            fmt::format("outbox row {} was {} before", decision.id.value, found[0].decision)};
    for (int left = tries; left > 0; --left) {
        std::optional<AppendedAgain> done = co_await try_resolve(kind, decision, deadline);
        if (done) co_return std::move(*done);
    }
    throw pg::Unavailable{"the rows held by this one keep changing. Hint: try again"};
}

// Nothing when other rows are held by now than those whose bytes were fetched.
asio::awaitable<std::optional<AppendedAgain>>
Quarantine::try_resolve(const char* kind, Decision decision, TimePoint deadline)
{
    const bool release = std::string_view{kind} == "released";
    std::vector<std::int64_t> ids;
    if (release) ids.push_back(decision.id.value);
    if (!decision.all) {
        const pg::Rows held =
            co_await session_.run(sql::held_rows, id_param(decision.id), deadline);
        const std::vector<std::int64_t> later = held.integers(0, 0);
        ids.insert(ids.end(), later.begin(), later.end());
    }
    try {
        const auto bodies = co_await unstaged_bytes(session_, store_, ids, deadline);
        pg::Params params;
        params.text(kind).int8(decision.id.value).boolean(decision.all).int8_array(ids);
        params.bytea_array(as_elements(bodies)).text(decision.actor).text(decision.reason);
        const pg::Rows rows =
            co_await session_.run(sql::resolve_quarantined, std::move(params), deadline);
        co_return read_appended(rows);
    } catch (const pg::Refused& refused) {
        if (refused.sqlstate() == "EX004") co_return std::nullopt;
        if (refused.sqlstate() == "EX002" || refused.sqlstate() == "EX003")
            throw std::invalid_argument{refused.what()};
        throw;
    }
}

// Each by itself: what one lacks, others need not wait for. Only what would fail for all of them
// is thrown.
asio::awaitable<Released> Quarantine::release_each(pg::Rows rows, const char* reason,
                                                   TimePoint deadline)
{
    Released outcome;
    if (rows.size() == rows_a_page) outcome.next = OutboxId{rows.integer(rows.size() - 1, 0)};
    for (int row = 0; row < rows.size(); ++row) {
        Decision decision;
        decision.id = OutboxId{rows.integer(row, 0)};
        decision.actor = "relay";
        decision.reason = reason;
        std::string cause;
        try {
            const AppendedAgain appended = co_await release(std::move(decision), deadline);
            outcome.rows += appended.size();
        } catch (const std::invalid_argument&) {
            // Another process was first.
        } catch (const BytesGone& gone) {
            cause = gone.what();
        } catch (const objects::StoreError& failure) {
            if (!lacks_object(failure.fault())) throw;
            cause = failure.what();
        }
        if (cause.empty()) continue;
        if (++outcome.stuck == 1) outcome.cause = std::move(cause);
    }
    co_return outcome;
}

asio::awaitable<Released> Quarantine::release_stranded(OutboxId after, TimePoint deadline)
{
    pg::Params params;
    params.int8(after.value).int4(rows_a_page);
    pg::Rows rows = co_await session_.run(sql::stranded_rows, std::move(params), deadline);
    co_return co_await release_each(std::move(rows), "the row that held it was decided about",
                                    deadline);
}

asio::awaitable<Released> Quarantine::release_returned(std::vector<std::string> missing,
                                                       AllowedTopics allowed, OutboxId after,
                                                       TimePoint deadline)
{
    std::vector<std::string_view> names{missing.begin(), missing.end()};
    std::vector<std::int16_t> lanes;
    std::vector<std::string_view> topics;
    for (const auto& [lane, topic] : allowed) {
        lanes.push_back(number(lane));
        topics.push_back(topic);
    }
    pg::Params params;
    params.text_array(names).int2_array(lanes).text_array(topics);
    params.int8(after.value).int4(rows_a_page);
    pg::Rows rows = co_await session_.run(sql::returned_rows, std::move(params), deadline);
    co_return co_await release_each(std::move(rows), "its topic takes events again", deadline);
}

}  // namespace exchange::outbox
