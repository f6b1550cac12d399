#include "reconcile/log_compare.hpp"

#include "base/random.hpp"
#include "outbox/takeover.hpp"
#include "support/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace exchange::reconcile {
namespace {

constexpr const char* topic = "t";

class FakeRows final : public RowSource {
public:
    std::vector<ExpectedRow> rows;

    boost::asio::awaitable<std::vector<ExpectedRow>> next() override
    {
        // Pages of three, so that a page's end is met.
        const std::size_t from = at_;
        at_ = std::min(at_ + 3, rows.size());
        co_return std::vector<ExpectedRow>(rows.begin() + static_cast<std::ptrdiff_t>(from),
                                           rows.begin() + static_cast<std::ptrdiff_t>(at_));
    }
    boost::asio::awaitable<std::vector<ExpectedRow>> by_id(std::vector<std::int64_t> ids) override
    {
        std::vector<ExpectedRow> found;
        for (const ExpectedRow& row : rows)
            if (std::ranges::find(ids, row.id) != ids.end()) found.push_back(row);
        co_return found;
    }

private:
    std::size_t at_ = 0;
};

class FakeScan final : public kafka::LogScan {
public:
    std::map<kafka::TopicPartition, std::vector<kafka::ScannedMessage>> logs;
    std::map<kafka::TopicPartition, kafka::LogRange> all_ranges;

    const std::map<kafka::TopicPartition, kafka::LogRange>& ranges() const override
    {
        return all_ranges;
    }
    boost::asio::awaitable<std::vector<kafka::ScannedMessage>> read(kafka::TopicPartition partition,
                                                                    std::size_t, TimePoint) override
    {
        std::vector<kafka::ScannedMessage>& log = logs[partition];
        std::vector<kafka::ScannedMessage> found;
        if (!log.empty()) {
            found.push_back(log.front());
            log.erase(log.begin());
        }
        co_return found;
    }
};

// Lane 0 of 2, with 4 partitions: its own are 0 and 2. Ten rows of which each is published, as it
// should be; a test spoils one thing.
class LogCompareTest : public ::testing::Test {
protected:
    LogCompareTest()
    {
        facts.layout = {1, 2, 4, 2};
        facts.layouts = {{0, 2}};
        facts.topics = {topic};
        lane.published_up_to = 100;
        lane.planned_up_to = 100;
        for (kafka::TopicPartition& at : outbox::partitions_of_lane(LaneId{0}, 1, 4, {topic}))
            scan.all_ranges[at] = {0, 1000};
        for (std::int64_t id = 10; id <= 100; id += 10) publish(add_row(id));
    }

    ExpectedRow add_row(std::int64_t id, LaneId of = LaneId{0})
    {
        ExpectedRow row;
        row.id = id;
        row.lane = of;
        row.topic = topic;
        row.record = outbox::draw_record_id(facts.layout, of, id, random);
        row.event = make_uuid_v7(id, random);
        rows.rows.push_back(row);
        return row;
    }

    kafka::TopicPartition place(const ExpectedRow& row) const
    {
        return {row.topic, outbox::partition_of(facts.layout, row.record)};
    }

    std::vector<kafka::ScannedMessage>& log_of(const ExpectedRow& row)
    {
        return scan.logs[place(row)];
    }

    kafka::ScannedMessage message(const ExpectedRow& row, std::int64_t sequence,
                                  std::int64_t epoch = 5)
    {
        kafka::ScannedMessage message;
        message.offset = next_offset_++;
        message.key = to_string(row.record.value);
        message.headers = {std::to_string(row.id), std::to_string(sequence), std::to_string(epoch),
                           to_string(row.event)};
        return message;
    }

    void publish(const ExpectedRow& row, std::int64_t epoch = 5)
    {
        auto& log = log_of(row);
        log.push_back(message(row, static_cast<std::int64_t>(log.size()) + 1, epoch));
    }

    // Two rows of one partition, in order; any two of ten rows in two partitions will do.
    std::pair<ExpectedRow, ExpectedRow> neighbours() const
    {
        for (std::size_t first = 0; first < rows.rows.size(); ++first)
            for (std::size_t second = first + 1; second < rows.rows.size(); ++second)
                if (place(rows.rows[first]) == place(rows.rows[second]))
                    return {rows.rows[first], rows.rows[second]};
        throw std::logic_error{"ten rows in two partitions, and no two in one"};
    }

    void renumber(std::vector<kafka::ScannedMessage>& log)
    {
        std::int64_t sequence = 0;
        for (kafka::ScannedMessage& each : log) {
            each.headers[1] = std::to_string(++sequence);
            each.offset = sequence;
        }
    }

    void remove_from_log(const ExpectedRow& row)
    {
        std::erase_if(log_of(row), [&](const kafka::ScannedMessage& each) {
            return each.headers[0] == std::to_string(row.id);
        });
    }

    std::map<Kind, std::size_t> compare()
    {
        boost::asio::io_context io{1};
        Findings found;
        totals = test::run(io, compare_log(facts, rows, scan, found));
        std::map<Kind, std::size_t> counts;
        for (const KindInfo& kind : kinds)
            if (found.count(kind.kind) > 0) counts[kind.kind] = found.count(kind.kind);
        findings = std::move(found);
        return counts;
    }

    using Counts = std::map<Kind, std::size_t>;

    SystemRandom random;
    LogFacts facts;
    LaneFacts& lane = facts.lanes[LaneId{0}];
    FakeRows rows;
    FakeScan scan;
    LogTotals totals;
    Findings findings;

private:
    std::int64_t next_offset_ = 0;
};

TEST_F(LogCompareTest, finds_nothing_where_nothing_is_wrong)
{
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.rows, 10u);
    EXPECT_EQ(totals.logged, 10u);
    EXPECT_EQ(totals.matched, 10u);
}

TEST_F(LogCompareTest, finds_a_published_row_that_the_log_does_not_hold)
{
    const ExpectedRow gone = rows.rows.at(4);
    remove_from_log(gone);
    renumber(log_of(gone));
    EXPECT_EQ(compare(), (Counts{{Kind::missing, 1}}));
    EXPECT_EQ(findings.of(Kind::missing).at(0).id, gone.id);
    EXPECT_EQ(findings.of(Kind::missing).at(0).subject, "outbox/50");
}

TEST_F(LogCompareTest, finds_the_hole_that_a_lost_record_left_in_the_sequence)
{
    const ExpectedRow gone = neighbours().first;
    remove_from_log(gone);
    EXPECT_EQ(compare(), (Counts{{Kind::missing, 1}, {Kind::gap, 1}}));
}

TEST_F(LogCompareTest, finds_a_record_that_is_there_twice)
{
    const ExpectedRow row = rows.rows.at(3);
    log_of(row).push_back(message(row, 4));
    EXPECT_EQ(compare(), (Counts{{Kind::duplicate, 1}}));
}

TEST_F(LogCompareTest, finds_a_record_that_stands_there_twice_in_a_row)
{
    auto& log = log_of(rows.rows.at(0));
    log.insert(log.begin(), log.front());
    EXPECT_EQ(compare(), (Counts{{Kind::duplicate, 1}}));
}

TEST_F(LogCompareTest, finds_a_record_that_nobody_of_us_wrote)
{
    kafka::ScannedMessage stray;
    stray.offset = 77;
    stray.headers.resize(4);
    auto& log = log_of(rows.rows.at(0));
    log.insert(log.begin() + 1, stray);
    EXPECT_EQ(compare(), (Counts{{Kind::ghost, 1}}));
    EXPECT_TRUE(findings.of(Kind::ghost).at(0).subject.ends_with("@77"));
}

TEST_F(LogCompareTest, finds_records_of_ids_that_are_no_rows_wherever_they_stand)
{
    for (const std::int64_t id : {1, 55, 99, 5000}) {
        ExpectedRow none = rows.rows.at(0);
        none.id = id;
        auto& log = log_of(none);
        log.insert(log.begin() + static_cast<std::ptrdiff_t>(log.size() / 2), message(none, 900));
    }
    EXPECT_EQ(compare(), (Counts{{Kind::ghost, 4}}))
        << "and none of them hides a row that is there";
}

TEST_F(LogCompareTest, finds_a_record_in_the_partition_of_another)
{
    const ExpectedRow row = rows.rows.at(5);
    const auto other = std::ranges::find_if(
        scan.all_ranges, [&](const auto& entry) { return entry.first != place(row); });
    auto& log = scan.logs[other->first];
    log.push_back(message(row, 900));
    EXPECT_EQ(compare(), (Counts{{Kind::ghost, 1}}));
}

TEST_F(LogCompareTest, finds_records_in_the_wrong_order)
{
    const auto [first, second] = neighbours();
    auto& log = log_of(first);
    const auto at = [&](const ExpectedRow& row) {
        return std::ranges::find_if(log, [&](const kafka::ScannedMessage& each) {
            return each.headers[0] == std::to_string(row.id);
        });
    };
    std::iter_swap(at(first), at(second));
    const Counts counts = compare();
    EXPECT_EQ(counts.at(Kind::reordered), 1u);
    EXPECT_FALSE(counts.contains(Kind::missing));
    EXPECT_FALSE(counts.contains(Kind::duplicate));
}

TEST_F(LogCompareTest, finds_an_epoch_that_falls)
{
    publish(add_row(101), 6);
    lane.published_up_to = lane.planned_up_to = 200;
    for (std::int64_t id = 102; id < 110; ++id) publish(add_row(id), 6);
    for (std::int64_t id = 110; id < 120; ++id) publish(add_row(id), 5);
    const Counts counts = compare();
    ASSERT_TRUE(counts.contains(Kind::epoch_fell));
    EXPECT_EQ(counts.size(), 1u);
}

TEST_F(LogCompareTest, finds_a_record_that_is_of_another_event_than_its_row)
{
    log_of(rows.rows.at(2)).at(0).headers[3] = "another";
    EXPECT_EQ(compare(), (Counts{{Kind::mismatch, 1}}));
}

TEST_F(LogCompareTest, finds_a_row_in_quarantine_that_is_in_the_log_and_misses_none_that_is_not)
{
    rows.rows.at(2).passed_over = true;
    rows.rows.at(7).passed_over = true;
    remove_from_log(rows.rows.at(7));
    renumber(log_of(rows.rows.at(7)));
    EXPECT_EQ(compare(), (Counts{{Kind::held_in_log, 1}}));
    EXPECT_EQ(totals.passed_over, 1u);
}

TEST_F(LogCompareTest, takes_what_is_not_published_yet_for_no_difference_in_the_log_or_not)
{
    lane.published_up_to = 80;
    remove_from_log(rows.rows.at(9));
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.pending, 1u);
}

TEST_F(LogCompareTest, compares_nothing_that_the_log_dropped_by_its_retention)
{
    for (auto& [at, log] : scan.logs) {
        const std::size_t dropped = std::min<std::size_t>(2, log.size());
        log.erase(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(dropped));
        scan.all_ranges[at].begin = static_cast<std::int64_t>(dropped);
    }
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.expired + totals.matched, 10u);
    EXPECT_GT(totals.expired, 0u);
}

TEST_F(LogCompareTest, compares_nothing_that_the_outbox_dropped_but_its_order)
{
    facts.lowest_id = 51;
    std::erase_if(rows.rows, [](const ExpectedRow& row) { return row.id < 51; });
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.dropped, 5u);
    EXPECT_EQ(totals.matched, 5u);
}

TEST_F(LogCompareTest, counts_what_a_restored_database_does_not_know_and_follows_its_order)
{
    lane.forgotten = {{50, 100}};
    lane.published_up_to = 50;
    lane.planned_up_to = 50;
    std::erase_if(rows.rows, [](const ExpectedRow& row) { return row.id > 50; });
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.matched, 5u);
    EXPECT_EQ(totals.forgotten, 5u);
}

TEST_F(LogCompareTest, takes_an_id_that_was_drawn_twice_for_forgotten_where_its_row_was_replaced)
{
    lane.forgotten = {{90, 100}};
    rows.rows.back().event = make_uuid_v7(7, random);
    rows.rows.back().passed_over = true;
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.forgotten, 1u);
    EXPECT_EQ(totals.matched, 9u);
}

// Two lanes up to 150, one from there on: what was odd belongs to lane 0 then.
TEST_F(LogCompareTest, follows_partitions_from_lane_to_lane)
{
    LaneFacts& second = facts.lanes[LaneId{1}];
    second.published_up_to = second.planned_up_to = 150;
    for (const std::int64_t id : {105, 115, 125}) publish(add_row(id, LaneId{1}));
    facts.layouts.push_back({150, 1});
    facts.layout = {2, 1, 4, 2};
    lane.published_up_to = lane.planned_up_to = 300;
    for (std::int64_t id = 160; id <= 300; id += 10) publish(add_row(id), 6);
    EXPECT_EQ(compare(), Counts{});
    EXPECT_EQ(totals.matched, 28u);
    EXPECT_EQ(totals.rows, 28u);
}

TEST_F(LogCompareTest, names_the_lane_of_today_for_what_is_missing)
{
    LaneFacts& second = facts.lanes[LaneId{1}];
    second.published_up_to = second.planned_up_to = 150;
    add_row(105, LaneId{1});
    facts.layouts.push_back({150, 1});
    facts.layout = {2, 1, 4, 2};
    EXPECT_EQ(compare(), (Counts{{Kind::missing, 1}}));
    EXPECT_EQ(findings.of(Kind::missing).at(0).lane, LaneId{0});
}

TEST_F(LogCompareTest, finds_a_row_of_a_lane_that_its_partition_did_not_belong_to)
{
    rows.rows.at(3).lane = LaneId{1};
    facts.lanes[LaneId{1}].planned_up_to = 100;
    const Counts counts = compare();
    EXPECT_EQ(counts.at(Kind::mismatch), 1u);
}

TEST_F(LogCompareTest, reports_no_more_what_is_known)
{
    kafka::ScannedMessage stray;
    stray.offset = 77;
    stray.headers.resize(4);
    const kafka::TopicPartition at = place(rows.rows.at(0));
    scan.logs[at].push_back(stray);
    boost::asio::io_context io{1};
    Findings found{{{"ghost", at.topic + "/" + std::to_string(at.partition) + "@77"}}};
    test::run(io, compare_log(facts, rows, scan, found));
    EXPECT_EQ(found.total(), 0u);
    EXPECT_EQ(found.known(Kind::ghost), 1u);
}

}  // namespace
}  // namespace exchange::reconcile
