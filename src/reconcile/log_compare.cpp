#include "reconcile/log_compare.hpp"

#include "outbox/takeover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <limits>
#include <optional>
#include <set>

namespace exchange::reconcile {
namespace {

namespace asio = boost::asio;

constexpr std::size_t messages_per_read = 2000;
constexpr std::size_t absent_most = 100'000;
constexpr std::size_t suspects_most = 10'000;
constexpr std::int64_t beyond_every_row = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> parse(const std::string& text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// One record of the log as it was written by a relay; no `id`: by someone else.
struct Logged {
    std::int64_t offset = 0;
    std::optional<std::int64_t> id;
    std::int64_t sequence = 0;
    std::int64_t epoch = 0;
    std::string key;
    std::string event_id;
};

Logged read_logged(kafka::ScannedMessage message)
{
    Logged logged;
    logged.offset = message.offset;
    logged.key = std::move(message.key);
    const auto id = parse(message.headers.at(0));
    const auto sequence = parse(message.headers.at(1));
    const auto epoch = parse(message.headers.at(2));
    logged.event_id = std::move(message.headers.at(3));
    if (!id || !sequence || !epoch) return logged;
    logged.id = id;
    logged.sequence = *sequence;
    logged.epoch = *epoch;
    return logged;
}

struct Partition {
    kafka::TopicPartition at;
    kafka::LogRange range;
    std::deque<Logged> ahead;
    bool ended = false;
    // Of what was taken in order so far.
    bool any = false;
    std::int64_t last_id = 0;
    std::int64_t last_sequence = 0;
    std::int64_t last_epoch = 0;
    // The head's id is a row of this partition: asked once.
    std::int64_t confirmed_id = 0;
    // Published rows that were not where they should be.
    std::set<std::int64_t> absent;
    std::size_t absent_more = 0;
};

class Comparison {
public:
    Comparison(LogFacts facts, RowSource& rows, kafka::LogScan& scan, Findings& findings)
        : facts_{std::move(facts)}, rows_{rows}, scan_{scan}, findings_{findings}
    {
        for (kafka::TopicPartition& at :
             outbox::partitions_of_lane(LaneId{0}, 1, facts_.layout.partitions, facts_.topics)) {
            Partition partition;
            partition.at = at;
            partition.range = scan_.ranges().at(at);
            partitions_.emplace(std::move(at), std::move(partition));
        }
    }

    asio::awaitable<LogTotals> run()
    {
        while (true) {
            const std::vector<ExpectedRow> page = co_await rows_.next();
            if (page.empty()) break;
            for (const ExpectedRow& row : page)
                if (row.id <= of_lane(row.lane).planned_up_to) co_await place(row);
        }
        for (auto& [at, partition] : partitions_) co_await skip_to(partition, beyond_every_row);
        co_await judge_suspects();
        report_absent();
        co_return totals_;
    }

private:
    kafka::TopicPartition place_of(const ExpectedRow& row) const
    {
        return {row.topic, outbox::partition_of(facts_.layout, row.record)};
    }

    const LaneFacts& of_lane(LaneId lane) const
    {
        static const LaneFacts unknown;
        const auto found = facts_.lanes.find(lane);
        return found == facts_.lanes.end() ? unknown : found->second;
    }

    // Where the partition's events are appended again.
    LaneId lane_today(const kafka::TopicPartition& at) const
    {
        return LaneId{static_cast<std::int16_t>(at.partition % facts_.layout.lanes)};
    }

    // Of the lane that the partition belonged to when row `id` was appended.
    const LaneFacts& of_writer(const Partition& partition, std::int64_t id) const
    {
        return of_lane(outbox::lane_at(facts_.layouts, partition.at.partition, id));
    }

    asio::awaitable<Logged*> head(Partition& partition)
    {
        if (partition.ahead.empty() && !partition.ended) {
            const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{30};
            std::vector<kafka::ScannedMessage> read =
                co_await scan_.read(partition.at, messages_per_read, deadline);
            partition.ended = read.empty();
            totals_.logged += read.size();
            for (kafka::ScannedMessage& message : read)
                partition.ahead.push_back(read_logged(std::move(message)));
        }
        co_return partition.ahead.empty() ? nullptr : &partition.ahead.front();
    }

    // Takes everything that stands before row `id` in the log. Answers what stands there then.
    asio::awaitable<Logged*> skip_to(Partition& partition, std::int64_t id)
    {
        while (Logged* logged = co_await head(partition)) {
            if (logged->id && *logged->id >= id) co_return logged;
            const bool behind = partition.any && logged->id && *logged->id <= partition.last_id;
            if (!behind && is_forgotten(partition, *logged)) take_forgotten(partition, *logged);
            else if (!logged->id || *logged->id > of_writer(partition, *logged->id).planned_up_to)
                add_ghost(partition, *logged);
            else take_extra(partition, *logged);
            partition.ahead.pop_front();
        }
        co_return nullptr;
    }

    asio::awaitable<void> place(const ExpectedRow& row)
    {
        ++totals_.rows;
        const auto found = partitions_.find(place_of(row));
        if (found == partitions_.end() ||
            outbox::lane_at(facts_.layouts, found->first.partition, row.id) != row.lane) {
            add(Kind::mismatch, row.lane, fmt::format("outbox/{}", row.id),
                fmt::format("its place, {}, is not the lane's", row.topic), row.id);
            co_return;
        }
        Partition& partition = found->second;
        Logged* logged = co_await skip_to(partition, row.id);
        const bool due = !row.passed_over && row.id <= of_lane(row.lane).published_up_to;
        // One that was never a row must not hide those behind it.
        while (logged && *logged->id != row.id && due && !co_await is_row(partition, *logged)) {
            if (is_forgotten(partition, *logged)) take_forgotten(partition, *logged);
            else add_ghost(partition, *logged);
            partition.ahead.pop_front();
            logged = co_await skip_to(partition, row.id);
        }
        if (logged && *logged->id == row.id) {
            match(partition, row, *logged);
            partition.ahead.pop_front();
            co_return;
        }
        if (row.passed_over) ++totals_.passed_over;
        else if (!due) ++totals_.pending;
        else if (partition.range.begin > 0 && !partition.any) ++totals_.expired;
        else if (partition.absent.size() < absent_most) partition.absent.insert(row.id);
        else ++partition.absent_more;
    }

    bool is_forgotten(const Partition& partition, const Logged& logged) const
    {
        if (!logged.id) return false;
        const LaneFacts& lane = of_writer(partition, *logged.id);
        return std::ranges::any_of(lane.forgotten, [&](const auto& range) {
            return *logged.id > range.first && *logged.id <= range.second;
        });
    }

    void take_forgotten(Partition& partition, const Logged& logged)
    {
        ++totals_.forgotten;
        follow(partition, logged);
    }

    void match(Partition& partition, const ExpectedRow& row, const Logged& logged)
    {
        follow(partition, logged);
        if (row.passed_over && is_forgotten(partition, logged) &&
            logged.event_id != to_string(row.event)) {
            ++totals_.forgotten;
        } else if (row.passed_over) {
            add_log(Kind::held_in_log, partition, logged,
                    fmt::format("outbox row {} is in quarantine or was replaced", row.id));
        } else if (logged.key != to_string(row.record.value) ||
                   logged.event_id != to_string(row.event)) {
            add_log(Kind::mismatch, partition, logged,
                    fmt::format("it is not the event of outbox row {}", row.id));
        } else {
            ++totals_.matched;
        }
    }

    // Sequence and epoch of a record that stands in its order.
    void follow(Partition& partition, const Logged& logged)
    {
        const bool from_start = partition.range.begin == 0;
        if (partition.any || from_start) {
            if (logged.sequence != partition.last_sequence + 1)
                add_log(Kind::gap, partition, logged,
                        fmt::format("number {} after number {}", logged.sequence,
                                    partition.last_sequence));
            if (logged.epoch < partition.last_epoch)
                add_log(Kind::epoch_fell, partition, logged,
                        fmt::format("epoch {} after epoch {}", logged.epoch, partition.last_epoch));
        }
        partition.any = true;
        partition.last_id = *logged.id;
        partition.last_sequence = logged.sequence;
        partition.last_epoch = std::max(partition.last_epoch, logged.epoch);
    }

    // A record whose row is not the next one.
    void take_extra(Partition& partition, const Logged& logged)
    {
        const std::int64_t id = *logged.id;
        const bool behind = partition.any && id <= partition.last_id;
        if (behind && partition.absent.erase(id) > 0) {
            add_log(Kind::reordered, partition, logged,
                    fmt::format("outbox row {} stands behind {}", id, partition.last_id));
            ++totals_.matched;
        } else if (behind && id < facts_.lowest_id) {
            add_log(Kind::duplicate, partition, logged,
                    fmt::format("outbox row {} stands behind {}", id, partition.last_id));
        } else if (behind) {
            suspect(partition, logged);
        } else {
            if (id < facts_.lowest_id) ++totals_.dropped;
            else suspect(partition, logged);
            if (id < facts_.lowest_id || logged.sequence == partition.last_sequence + 1)
                follow(partition, logged);
        }
    }

    asio::awaitable<bool> is_row(Partition& partition, const Logged& logged)
    {
        if (partition.confirmed_id == *logged.id) co_return true;
        std::vector<std::int64_t> ids{*logged.id};
        const std::vector<ExpectedRow> found = co_await rows_.by_id(std::move(ids));
        if (found.empty() || place_of(found[0]) != partition.at) co_return false;
        partition.confirmed_id = *logged.id;
        co_return true;
    }

    struct Suspect {
        kafka::TopicPartition at;
        std::int64_t offset = 0;
        std::int64_t id = 0;
    };

    void suspect(const Partition& partition, const Logged& logged)
    {
        if (suspects_.size() < suspects_most)
            suspects_.push_back({partition.at, logged.offset, *logged.id});
        else findings_.add_uncounted(Kind::ghost, 1);
    }

    // A record that met no row of its own: there a second time, or of no row at all.
    asio::awaitable<void> judge_suspects()
    {
        std::vector<std::int64_t> ids;
        for (const Suspect& each : suspects_) ids.push_back(each.id);
        if (ids.empty()) co_return;
        const std::vector<ExpectedRow> found = co_await rows_.by_id(std::move(ids));
        std::map<std::int64_t, const ExpectedRow*> rows;
        for (const ExpectedRow& row : found) rows[row.id] = &row;
        for (const Suspect& each : suspects_) {
            const auto row = rows.find(each.id);
            const bool here = row != rows.end() && place_of(*row->second) == each.at;
            const LaneId lane = lane_today(each.at);
            const std::string subject =
                fmt::format("{}/{}@{}", each.at.topic, each.at.partition, each.offset);
            if (here)
                add(Kind::duplicate, lane, subject, fmt::format("outbox row {} again", each.id),
                    each.id);
            else if (row != rows.end())
                add(Kind::ghost, lane, subject,
                    fmt::format("outbox row {} belongs elsewhere", each.id), each.id);
            else
                add(Kind::ghost, lane, subject, fmt::format("there is no outbox row {}", each.id),
                    each.id);
        }
    }

    void report_absent()
    {
        for (const auto& [at, partition] : partitions_) {
            for (const std::int64_t id : partition.absent)
                add(Kind::missing, lane_today(at), fmt::format("outbox/{}", id),
                    fmt::format("not in {}/{}", at.topic, at.partition), id);
            findings_.add_uncounted(Kind::missing, partition.absent_more);
        }
    }

    void add_ghost(const Partition& partition, const Logged& logged)
    {
        add_log(Kind::ghost, partition, logged,
                logged.id ? fmt::format("outbox row {} was never planned", *logged.id)
                          : std::string{"not written by this exchange"});
    }

    void add_log(Kind kind, const Partition& partition, const Logged& logged, std::string detail)
    {
        add(kind, lane_today(partition.at),
            fmt::format("{}/{}@{}", partition.at.topic, partition.at.partition, logged.offset),
            std::move(detail), logged.id.value_or(0));
    }

    void add(Kind kind, LaneId lane, std::string subject, std::string detail, std::int64_t id)
    {
        Finding finding;
        finding.kind = kind;
        finding.subject = std::move(subject);
        finding.detail = std::move(detail);
        finding.lane = lane;
        finding.id = id;
        findings_.add(std::move(finding));
    }

    LogFacts facts_;
    RowSource& rows_;
    kafka::LogScan& scan_;
    Findings& findings_;
    std::map<kafka::TopicPartition, Partition> partitions_;
    std::vector<Suspect> suspects_;
    LogTotals totals_;
};

}  // namespace

std::vector<std::string> compared_headers()
{
    return {"x-id", "x-pseq", "x-epoch", "ce_id"};
}

asio::awaitable<LogTotals> compare_log(LogFacts facts, RowSource& rows, kafka::LogScan& scan,
                                       Findings& findings)
{
    Comparison comparison{std::move(facts), rows, scan, findings};
    co_return co_await comparison.run();
}

}  // namespace exchange::reconcile
