#include "reconcile/repair.hpp"

#include "outbox/republish.hpp"
#include "reconcile/sql.hpp"
#include "reconcile/sweep.hpp"

#include <map>

namespace exchange::reconcile {

namespace asio = boost::asio;

namespace {

// Rows appended in one transaction, under the lane's lock. Their bodies are in memory meanwhile.
constexpr std::size_t rows_at_once = 10;
constexpr std::size_t findings_at_once = 1000;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{60};
}

asio::awaitable<void> republish_some(pg::Session& session, objects::RawStore& store, LaneId lane,
                                     std::vector<std::int64_t> ids, const RepairTerms& terms,
                                     RepairOutcome& outcome)
{
    try {
        const outbox::AppendedAgain appended = co_await outbox::republish(
            session, store, terms.layout.version, lane, ids, terms.actor, terms.reason, soon());
        outcome.republished += appended.size();
        co_return;
    } catch (const pg::Unavailable&) {
        throw;
    } catch (const std::exception&) {
        if (ids.size() == 1) {
            ++outcome.not_republished;
            co_return;
        }
    }
    // One of them has no raw bytes any more: the others do not suffer from it.
    for (const std::int64_t id : ids) {
        std::vector<std::int64_t> alone{id};
        co_await republish_some(session, store, lane, std::move(alone), terms, outcome);
    }
}

asio::awaitable<void> republish_all(pg::Session& session, objects::RawStore& store,
                                    const Findings& findings, const RepairTerms& terms,
                                    RepairOutcome& outcome)
{
    std::map<LaneId, std::vector<std::int64_t>> missing;
    for (const Finding& finding : findings.of(Kind::missing))
        missing[finding.lane].push_back(finding.id);
    for (auto& [lane, ids] : missing) {
        std::ranges::sort(ids);
        for (std::size_t from = 0; from < ids.size(); from += rows_at_once) {
            const std::size_t to = std::min(from + rows_at_once, ids.size());
            std::vector<std::int64_t> some(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                           ids.begin() + static_cast<std::ptrdiff_t>(to));
            co_await republish_some(session, store, lane, std::move(some), terms, outcome);
        }
    }
}

// The subjects of one page of findings.
std::vector<std::string_view> subjects_of(const std::vector<Finding>& found, std::size_t from)
{
    std::vector<std::string_view> subjects;
    const std::size_t to = std::min(from + findings_at_once, found.size());
    for (std::size_t at = from; at < to; ++at) subjects.push_back(found[at].subject);
    return subjects;
}

asio::awaitable<void> mark_known(pg::Session& session, const Findings& findings,
                                 const RepairTerms& terms, RepairOutcome& outcome)
{
    for (const KindInfo& kind : kinds) {
        if (!kind.in_log) continue;
        const std::vector<Finding>& found = findings.of(kind.kind);
        for (std::size_t from = 0; from < found.size(); from += findings_at_once) {
            const std::vector<std::string_view> subjects = subjects_of(found, from);
            const std::vector<std::string_view> names(subjects.size(), kind.name);
            pg::Params params;
            params.text_array(names).text_array(subjects).text(terms.actor).text(terms.reason);
            const pg::Rows rows = co_await session.run(sql::mark_known, std::move(params), soon());
            outcome.marked_known += static_cast<std::size_t>(rows.integer(0, 0));
        }
    }
}

asio::awaitable<std::size_t> waiting_orphans(pg::Session& session, const Findings& findings,
                                             const RepairTerms& terms)
{
    const std::vector<Finding>& found = findings.of(Kind::orphan);
    std::size_t waiting = 0;
    for (std::size_t from = 0; from < found.size(); from += findings_at_once) {
        pg::Params params;
        params.text_array(subjects_of(found, from)).interval(terms.grace);
        const pg::Rows rows = co_await session.run(sql::waiting_orphans, std::move(params), soon());
        waiting += static_cast<std::size_t>(rows.integer(0, 0));
    }
    co_return waiting;
}

// The sweep goes by the store, the rest by what the report names.
std::size_t unnamed(const Findings& findings)
{
    std::size_t more = 0;
    for (const KindInfo& kind : kinds)
        if (kind.kind == Kind::missing || kind.in_log)
            more += findings.count(kind.kind) - findings.of(kind.kind).size();
    return more;
}

}  // namespace

bool all_repaired(const RepairPlan& plan, const RepairOutcome& outcome)
{
    return plan.left == 0 && outcome.not_republished == 0 && outcome.orphans_left == 0 &&
           outcome.unnamed == 0;
}

RepairPlan plan_repair(const Findings& findings)
{
    RepairPlan plan;
    for (const KindInfo& kind : kinds) {
        const std::size_t found = findings.count(kind.kind);
        if (kind.kind == Kind::missing) plan.republish += found;
        else if (kind.kind == Kind::orphan) plan.sweep += found;
        else if (kind.in_log) plan.mark_known += found;
        else plan.left += found;
    }
    return plan;
}

asio::awaitable<RepairOutcome> republish_missing(pg::Session& session, objects::RawStore& store,
                                                 const Findings& findings, RepairTerms terms)
{
    RepairOutcome outcome;
    co_await republish_all(session, store, findings, terms, outcome);
    co_return outcome;
}

asio::awaitable<RepairOutcome> repair(pg::Session& session, objects::RawStore& store,
                                      const Findings& findings, RepairTerms terms)
{
    RepairOutcome outcome;
    co_await republish_all(session, store, findings, terms, outcome);
    co_await mark_known(session, findings, terms, outcome);
    SweepTerms sweeping;
    sweeping.lanes = terms.layout.lanes_ever;
    sweeping.grace = terms.grace;
    sweeping.actor = terms.actor;
    sweeping.reason = terms.reason;
    const SweepOutcome swept = co_await sweep(session, store, std::move(sweeping));
    outcome.swept = swept.removed;
    outcome.orphans_left = co_await waiting_orphans(session, findings, terms);
    outcome.unnamed = unnamed(findings);
    co_return outcome;
}

}  // namespace exchange::reconcile
