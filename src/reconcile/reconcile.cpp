#include "reconcile/reconcile.hpp"

#include "base/signal.hpp"
#include "outbox/pins.hpp"
#include "outbox/preflight.hpp"
#include "outbox/takeover.hpp"
#include "reconcile/pg_outbox_rows.hpp"
#include "reconcile/sql.hpp"
#include "reconcile/store_owner.hpp"

#include <fmt/format.h>

namespace exchange::reconcile {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t ids_per_look = 100'000;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{30};
}

struct Bounds {
    LaneId lane{};
    std::int64_t published_up_to = 0;
    std::int64_t planned_up_to = 0;
    std::int64_t lowest_id = 0;
    std::int64_t last_id = 0;
};

class Reconciliation {
public:
    Reconciliation(pg::Session& session, objects::RawStore& store, outbox::Standing& standing,
                   ReconcileTerms terms)
        : session_{session}, store_{store}, standing_{standing}, terms_{std::move(terms)}
    {
    }

    asio::awaitable<Report> run()
    {
        const TimePoint started = SteadyClock::now();
        layout_ = co_await outbox::read_layout(session_, soon());
        report_.layout = layout_;
        std::set<std::pair<std::string, std::string>> known = co_await read_known();
        report_.findings = Findings{std::move(known)};
        co_await count();
        const bool comparable = co_await compare_pins();
        if (comparable) co_await compare_log();
        co_await compare_ledger();
        StoreTerms terms;
        terms.lanes = layout_.lanes_ever;
        terms.grace = terms_.grace;
        terms.deep = terms_.deep;
        report_.store = co_await compare_store(session_, store_, terms, report_.findings);
        report_.seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
        co_return std::move(report_);
    }

private:
    asio::awaitable<std::set<std::pair<std::string, std::string>>> read_known()
    {
        const pg::Rows rows = co_await session_.run(sql::read_known, pg::Params{}, soon());
        std::set<std::pair<std::string, std::string>> known;
        for (int row = 0; row < rows.size(); ++row)
            known.emplace(rows.bytes(row, 0), rows.bytes(row, 1));
        co_return known;
    }

    asio::awaitable<void> count()
    {
        report_.conservation = co_await outbox::read_conservation(session_, soon());
        for (const outbox::LaneConservation& lane : report_.conservation)
            if (lane.difference() != 0)
                report_.findings.add(
                    {Kind::unbalanced, fmt::format("lane/{}", number(lane.lane)),
                     fmt::format("{} of {} accepted events", lane.difference(), lane.accepted),
                     lane.lane, 0});
    }

    // False when the log cannot be read for what it is.
    asio::awaitable<bool> compare_pins()
    {
        std::vector<std::string> names;
        for (const kafka::TopicSpec& topic : terms_.topics) names.push_back(topic.name);
        const kafka::ClusterState cluster =
            co_await kafka::cluster_state(terms_.kafka, std::move(names), soon());
        const std::string pinned = co_await outbox::pinned(session_, "kafka_cluster_id", soon());
        bool comparable = true;
        for (const auto& [component, status] :
             outbox::judge_cluster(cluster, pinned, layout_, terms_.topics)) {
            if (status.condition != obs::Condition::failed) continue;
            report_.findings.add({Kind::pin, component, status.cause, LaneId{}, 0});
            comparable = false;
        }
        const std::optional<outbox::Halt> halt = co_await standing_.look();
        if (halt) report_.findings.add({Kind::pin, "postgres", halt->cause, LaneId{}, 0});
        const StoreOwner owner = co_await owner_of_store(session_, store_, soon());
        if (owner == StoreOwner::another)
            report_.findings.add(
                {Kind::pin, "raw_store", another_owner_cause(store_), LaneId{}, 0});
        co_return comparable;
    }

    asio::awaitable<std::vector<Bounds>> bounds()
    {
        const pg::Rows rows = co_await session_.run(sql::lane_bounds, pg::Params{}, soon());
        std::vector<Bounds> all;
        for (int row = 0; row < rows.size(); ++row) {
            Bounds lane;
            lane.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 0))};
            lane.published_up_to = rows.integer(row, 1);
            lane.planned_up_to = rows.integer(row, 2);
            lane.lowest_id = rows.integer(row, 3);
            lane.last_id = rows.integer(row, 4);
            all.push_back(lane);
        }
        co_return all;
    }

    asio::awaitable<std::map<kafka::TopicPartition, std::int64_t>> published_ends()
    {
        const pg::Rows rows = co_await session_.run(sql::published_ends, pg::Params{}, soon());
        std::map<kafka::TopicPartition, std::int64_t> ends;
        for (int row = 0; row < rows.size(); ++row) {
            kafka::TopicPartition at;
            at.topic = rows.bytes(row, 0);
            at.partition = static_cast<std::int32_t>(rows.integer(row, 1));
            ends[std::move(at)] = rows.integer(row, 2);
        }
        co_return ends;
    }

    // A transaction is answered as committed before its marker lets readers see it, and one that
    // hangs hides what came after it: such records are not missing. False when it lasts.
    asio::awaitable<bool> wait_until_decided(const std::vector<kafka::TopicPartition>& partitions)
    {
        const auto published = co_await published_ends();
        const TimePoint patience = SteadyClock::now() + std::chrono::seconds{15};
        while (true) {
            std::vector<kafka::TopicPartition> asked = partitions;
            const auto tails = co_await kafka::read_tails(terms_.kafka, std::move(asked), soon());
            std::vector<kafka::TopicPartition> open;
            for (const auto& [at, last] : published) {
                const auto tail = tails.find(at);
                if (tail == tails.end()) continue;
                if (tail->second.stable_end <= last && last < tail->second.end) open.push_back(at);
            }
            if (open.empty()) co_return true;
            if (SteadyClock::now() >= patience) {
                for (const kafka::TopicPartition& at : open)
                    report_.findings.add(
                        {Kind::undecided, fmt::format("{}/{}", at.topic, at.partition),
                         "readers of committed messages do not see its end yet", LaneId{}, 0});
                co_return false;
            }
            co_await sleep_until(SteadyClock::now() + std::chrono::milliseconds{200});
        }
    }

    // First what is published, then the ends of the log, then what is planned: so what was
    // published is before those ends, and what is before those ends was planned.
    asio::awaitable<void> compare_log()
    {
        std::vector<std::string> topics;
        for (const kafka::TopicSpec& topic : terms_.topics) topics.push_back(topic.name);
        const std::vector<Bounds> before = co_await bounds();
        std::vector<kafka::TopicPartition> partitions =
            outbox::partitions_of_lane(LaneId{0}, 1, layout_.partitions, topics);
        const bool decided = co_await wait_until_decided(partitions);
        if (!decided) co_return;
        const std::unique_ptr<kafka::LogScan> scan = co_await kafka::open_log_scan(
            terms_.kafka, std::move(partitions), compared_headers(), soon());
        const std::vector<Bounds> after = co_await bounds();
        auto forgotten = co_await forgotten_ids();
        LogFacts facts;
        facts.layout = layout_;
        facts.layouts = co_await outbox::read_layouts(session_, soon());
        if (facts.layouts.size() != static_cast<std::size_t>(layout_.version))
            throw std::runtime_error{
                "the number of lanes was changed meanwhile. Hint: run it again"};
        facts.topics = topics;
        std::int64_t highest = 0;
        for (std::size_t at = 0; at < before.size() && at < after.size(); ++at) {
            LaneFacts& lane = facts.lanes[before[at].lane];
            lane.published_up_to = before[at].published_up_to;
            // What is dropped was planned.
            lane.planned_up_to = std::max(after[at].planned_up_to, after[at].lowest_id - 1);
            lane.forgotten = forgotten[before[at].lane];
            facts.lowest_id = after[at].lowest_id;
            highest = std::max(highest, lane.planned_up_to);
        }
        PgOutboxRows rows{session_, highest, terms_.topic_prefix};
        report_.log =
            co_await reconcile::compare_log(std::move(facts), rows, *scan, report_.findings);
    }

    asio::awaitable<std::map<LaneId, std::vector<std::pair<std::int64_t, std::int64_t>>>>
    forgotten_ids()
    {
        const pg::Rows rows = co_await session_.run(sql::forgotten_ids, pg::Params{}, soon());
        std::map<LaneId, std::vector<std::pair<std::int64_t, std::int64_t>>> ranges;
        for (int row = 0; row < rows.size(); ++row)
            ranges[LaneId{static_cast<std::int16_t>(rows.integer(row, 0))}].emplace_back(
                rows.integer(row, 1), rows.integer(row, 2));
        co_return ranges;
    }

    asio::awaitable<void> compare_ledger()
    {
        const std::vector<Bounds> lanes = co_await bounds();
        if (lanes.empty()) co_return;
        for (std::int64_t low = lanes[0].lowest_id; low <= lanes[0].last_id; low += ids_per_look) {
            pg::Params params;
            params.int8(low).int8(low + ids_per_look);
            const pg::Rows rows =
                co_await session_.run(sql::ledger_differences, std::move(params), soon());
            for (int row = 0; row < rows.size(); ++row) add_ledger_difference(rows, row);
            for (const Bounds& lane : lanes) co_await compare_windows(lane, low);
        }
    }

    void add_ledger_difference(const pg::Rows& rows, int row)
    {
        const bool not_in_outbox = rows.boolean(row, 2);
        const std::string record = to_string(rows.uuid(row, 1));
        report_.findings.add({not_in_outbox ? Kind::not_in_outbox : Kind::not_in_ledger,
                              fmt::format("outbox/{}", rows.integer(row, 0)), "record " + record,
                              LaneId{}, rows.integer(row, 0)});
    }

    asio::awaitable<void> compare_windows(const Bounds& lane, std::int64_t low)
    {
        pg::Params params;
        params.int2(number(lane.lane)).int8(low - 1).int8(low + ids_per_look - 1);
        params.int8(lane.lowest_id);
        const pg::Rows rows =
            co_await session_.run(sql::window_differences, std::move(params), soon());
        for (int row = 0; row < rows.size(); ++row)
            report_.findings.add(
                {Kind::plan_differs,
                 fmt::format("window/{}/{}", number(lane.lane), rows.integer(row, 1)),
                 fmt::format("rows after {} up to {}", rows.integer(row, 0), rows.integer(row, 1)),
                 lane.lane, rows.integer(row, 1)});
    }

    pg::Session& session_;
    objects::RawStore& store_;
    outbox::Standing& standing_;
    ReconcileTerms terms_;
    outbox::Layout layout_;
    Report report_;
};

}  // namespace

asio::awaitable<Report> reconcile(pg::Session& session, objects::RawStore& store,
                                  outbox::Standing& standing, ReconcileTerms terms)
{
    Reconciliation reconciliation{session, store, standing, std::move(terms)};
    co_return co_await reconciliation.run();
}

}  // namespace exchange::reconcile
