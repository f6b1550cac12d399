#include "outbox/settled_tails.hpp"

#include "support/run.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

const kafka::TopicPartition first{"events", 0};
const kafka::TopicPartition second{"events", 1};

// A log whose second partition has an open transaction, until its marker comes.
struct OpenLog final : EventLog, kafka::Producer {
    static constexpr int never = 1'000'000;

    asio::awaitable<std::unique_ptr<kafka::Producer>> open(LaneId, kafka::Batching) override
    {
        co_return nullptr;
    }

    asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
    tails(std::vector<kafka::TopicPartition> partitions) override
    {
        ++reads;
        std::map<kafka::TopicPartition, kafka::Tail> tails;
        for (const kafka::TopicPartition& partition : partitions) {
            asked.push_back(partition);
            kafka::Tail& tail = tails[partition];
            const bool open = partition == second && reads <= marker_comes_after;
            tail.end = 10;
            tail.stable_end = open ? 4 : 10;
        }
        co_return tails;
    }

    asio::awaitable<std::vector<kafka::Delivery>> send(std::vector<kafka::Message>) override
    {
        co_return std::vector<kafka::Delivery>{};
    }
    asio::awaitable<void> prime(std::vector<std::string>, TimePoint) override { co_return; }

    asio::awaitable<void> abort_into(std::vector<kafka::TopicPartition> partitions,
                                     TimePoint) override
    {
        aborted_into = std::move(partitions);
        if (abort_helps) marker_comes_after = reads + 1;
        co_return;
    }

    SettledTails settle()
    {
        asio::io_context io;
        SettlePatience patience;
        patience.markers = 30ms;
        patience.pause = 1ms;
        patience.pause_most = 2ms;
        return test::run(io, settled_tails(*this, *this, {first, second}, patience));
    }

    int marker_comes_after = 0;
    bool abort_helps = true;
    int reads = 0;
    std::vector<kafka::TopicPartition> asked;
    std::vector<kafka::TopicPartition> aborted_into;
};

TEST(SettledTails, reads_once_where_nothing_is_open)
{
    OpenLog log;
    const SettledTails settled = log.settle();
    EXPECT_EQ(settled.tails.size(), 2u);
    EXPECT_TRUE(settled.repaired.empty());
    EXPECT_EQ(log.reads, 1);
}

TEST(SettledTails, waits_for_a_marker_and_asks_again_only_where_it_is_due)
{
    OpenLog log;
    log.marker_comes_after = 3;
    const SettledTails settled = log.settle();
    EXPECT_EQ(settled.tails.at(second).stable_end, 10);
    EXPECT_EQ(log.reads, 4);
    EXPECT_EQ(std::count(log.asked.begin(), log.asked.end(), first), 1);
    EXPECT_TRUE(log.aborted_into.empty());
}

TEST(SettledTails, aborts_into_a_partition_that_stays_open_and_reads_it_again)
{
    OpenLog log;
    log.marker_comes_after = OpenLog::never;
    const SettledTails settled = log.settle();
    EXPECT_EQ(log.aborted_into, std::vector{second});
    EXPECT_EQ(settled.repaired, std::vector{second});
    EXPECT_EQ(settled.tails.at(second).stable_end, 10);
}

TEST(SettledTails, says_so_when_the_repair_does_not_help)
{
    OpenLog log;
    log.marker_comes_after = OpenLog::never;
    log.abort_helps = false;
    EXPECT_THROW(log.settle(), kafka::Error);
}

}  // namespace
}  // namespace exchange::outbox
