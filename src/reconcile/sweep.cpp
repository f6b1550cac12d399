#include "reconcile/sweep.hpp"

#include "base/failpoint.hpp"
#include "reconcile/object_judge.hpp"
#include "reconcile/object_name.hpp"
#include "reconcile/sql.hpp"
#include "reconcile/store_owner.hpp"

namespace exchange::reconcile {

namespace asio = boost::asio;

namespace {

constexpr std::size_t page_most = 1000;
constexpr std::int32_t removed_at_once = 200;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{30};
}

std::vector<std::string_view> views_of(const std::vector<std::string>& keys)
{
    return {keys.begin(), keys.end()};
}

std::vector<std::string> keys_of(const std::vector<objects::ObjectInfo>& page)
{
    std::vector<std::string> keys;
    for (const objects::ObjectInfo& object : page) keys.push_back(object.key);
    return keys;
}

// First phase.
asio::awaitable<void> mark(pg::Session& session, objects::RawStore& store, const SweepTerms& terms,
                           SweepOutcome& outcome)
{
    std::string after;
    while (true) {
        std::vector<objects::ObjectInfo> page =
            co_await store.list(std::string{bundles_prefix}, after, soon());
        if (page.empty()) co_return;
        const std::vector<ObjectState> states =
            co_await judge_objects(session, store.key_prefix(), keys_of(page), terms.lanes, soon());
        std::vector<std::string> orphans;
        std::vector<std::int64_t> sizes;
        for (std::size_t at = 0; at < page.size(); ++at) {
            outcome.open += states[at] == ObjectState::open ? 1 : 0;
            outcome.foreign += states[at] == ObjectState::foreign ? 1 : 0;
            if (states[at] != ObjectState::orphan) continue;
            orphans.push_back(page[at].key);
            sizes.push_back(static_cast<std::int64_t>(page[at].size));
        }
        outcome.objects += page.size();
        if (!orphans.empty()) {
            pg::Params params;
            params.text_array(views_of(orphans)).int8_array(sizes);
            co_await session.run(sql::mark_orphans, std::move(params), soon());
        }
        after = page.back().key;
        if (page.size() < page_most) co_return;
    }
}

asio::awaitable<std::vector<std::string>> aged(pg::Session& session, const SweepTerms& terms,
                                               const std::string& after)
{
    pg::Params params;
    params.interval(terms.grace).text(after).int4(removed_at_once);
    const pg::Rows rows = co_await session.run(sql::aged_orphans, std::move(params), soon());
    std::vector<std::string> keys;
    for (int row = 0; row < rows.size(); ++row) keys.emplace_back(rows.bytes(row, 0));
    co_return keys;
}

// Second phase.
asio::awaitable<void> remove_aged(pg::Session& session, objects::RawStore& store,
                                  const SweepTerms& terms, SweepOutcome& outcome)
{
    std::string after;
    while (true) {
        std::vector<std::string> keys = co_await aged(session, terms, after);
        if (keys.empty()) co_return;
        after = keys.back();
        const std::vector<ObjectState> states =
            co_await judge_objects(session, store.key_prefix(), keys, terms.lanes, soon());
        std::int32_t removed = 0;
        for (std::size_t at = 0; at < keys.size(); ++at) {
            if (states[at] != ObjectState::orphan) continue;
            failpoint("sweep/remove");
            co_await store.remove(keys[at], soon());
            ++removed;
        }
        failpoint("sweep/forget");
        pg::Params params;
        params.text_array(views_of(keys)).int4(removed).text(terms.actor).text(terms.reason);
        co_await session.run(sql::forget_orphans, std::move(params), soon());
        outcome.removed += static_cast<std::size_t>(removed);
    }
}

}  // namespace

asio::awaitable<SweepOutcome> sweep(pg::Session& session, objects::RawStore& store,
                                    SweepTerms terms)
{
    const bool ours = co_await claim_store(session, store, soon());
    if (!ours) throw StoreNotOurs{another_owner_cause(store)};
    SweepOutcome outcome;
    co_await mark(session, store, terms, outcome);
    co_await remove_aged(session, store, terms, outcome);
    const pg::Rows left = co_await session.run(sql::count_orphans, pg::Params{}, soon());
    outcome.orphans = static_cast<std::size_t>(left.integer(0, 0));
    co_return outcome;
}

}  // namespace exchange::reconcile
