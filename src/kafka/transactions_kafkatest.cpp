#include "kafka/transactional_fixture.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

// The transactional producer on a true broker: what readers of committed messages see of it.
namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

TEST_F(Transactional, makes_each_send_visible_as_a_whole_over_all_of_its_ids_in_turn)
{
    const auto producer = open(id);
    for (int window = 0; window < 10; ++window)
        for (const Delivery& verdict : send(*producer, numbered(topic, window * 10, 10)))
            ASSERT_FALSE(verdict.fault) << verdict.reason;
    std::vector<std::string> expected;
    for (int i = 0; i < 100; ++i) expected.push_back(std::to_string(i));
    EXPECT_EQ(values(), expected);
}

TEST_F(Transactional, says_where_each_message_lies)
{
    const auto producer = open(id);
    send(*producer, numbered(topic, 0, 4, 2));
    // Two messages and a marker lie before, which comes some time after the commit.
    values();
    const std::vector<Delivery> verdicts = send(*producer, numbered(topic, 4, 4, 2));
    EXPECT_EQ(verdicts.at(0).offset, 3);
    EXPECT_EQ(verdicts.at(3).offset, 4);
}

TEST_F(Transactional, needs_no_transaction_for_no_messages)
{
    const auto producer = open(id);
    EXPECT_TRUE(send(*producer, {}).empty());
    EXPECT_TRUE(values().empty());
}

TEST_F(Transactional, shows_nothing_of_a_window_with_a_message_that_is_too_large)
{
    const auto producer = open(id);
    std::vector<Message> batch = numbered(topic, 0, 6);
    batch[3].value.assign(2'000'000, 'x');
    const std::vector<Delivery> verdicts = send(*producer, std::move(batch));
    ASSERT_EQ(verdicts.size(), 6u);
    for (std::size_t at = 0; at < verdicts.size(); ++at) {
        ASSERT_TRUE(verdicts[at].fault);
        EXPECT_EQ(*verdicts[at].fault == Fault::message_too_large, at == 3);
    }
    EXPECT_THROW(send(*producer, numbered(topic, 6, 1)), Error);
    EXPECT_TRUE(values().empty());
}

TEST_F(Transactional, tells_which_message_a_small_topic_refuses_only_one_by_one)
{
    const std::string small = make_topic(1, {{"max.message.bytes", "1200"}});
    const auto own_faults = [&](bool one_by_one) {
        std::vector<Message> batch = numbered(small, 0, 6);
        batch[4].value.assign(1500, 'x');
        Batching batching;
        batching.one_by_one = one_by_one;
        const std::vector<Delivery> verdicts = send_batched(small, batching, std::move(batch));
        std::vector<std::size_t> faults;
        for (std::size_t at = 0; at < verdicts.size(); ++at)
            if (verdicts[at].fault && is_own_fault(*verdicts[at].fault)) faults.push_back(at);
        return faults;
    };
    EXPECT_GT(own_faults(false).size(), 1u);
    EXPECT_EQ(own_faults(true), std::vector<std::size_t>{4});
}

TEST_F(Transactional, fills_batches_only_as_far_as_the_topic_takes_them)
{
    const std::string small = make_topic(1, {{"max.message.bytes", "1200"}});
    const auto refused = [&](std::int64_t bytes_max) {
        std::vector<Message> batch = numbered(small, 0, 20);
        for (Message& message : batch) message.value.assign(400, 'x');
        Batching batching;
        batching.bytes_max = bytes_max;
        return std::ranges::count_if(
            send_batched(small, batching, std::move(batch)),
            [](const Delivery& verdict) { return verdict.fault.has_value(); });
    };
    EXPECT_GT(refused(0), 0);
    EXPECT_EQ(refused(1200), 0);
}

TEST_F(Transactional, puts_a_former_producer_with_its_ids_out_of_action)
{
    const auto former = open(id);
    send(*former, numbered(topic, 0, 3));
    const auto successor = open(id);
    send(*successor, numbered(topic, 3, 3));
    std::vector<Delivery> verdicts;
    try {
        verdicts = send(*former, numbered(topic, 100, 3));
        for (const Delivery& verdict : verdicts) EXPECT_TRUE(verdict.fault);
    } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::fenced || error.fault() == Fault::fatal);
    }
    EXPECT_EQ(values(), (std::vector<std::string>{"0", "1", "2", "3", "4", "5"}));
}

TEST_F(Transactional, ends_what_a_dead_producer_left_open)
{
    {
        // Messages delivered, the transaction never decided: what a kill before the commit leaves.
        const auto dead = open(id, 1);
        send(*dead, numbered(topic, 0, 2));
        asio::io_context other;
        auto unheard = std::make_shared<bool>(false);
        asio::co_spawn(io, dead->send(numbered(topic, 2, 2)),
                       [unheard](std::exception_ptr, std::vector<Delivery>) { *unheard = true; });
        const TimePoint until = SteadyClock::now() + 3ms;
        while (SteadyClock::now() < until) io.poll_one();
    }
    const TimePoint began = SteadyClock::now();
    const auto successor = open(id, 1);
    const auto took = SteadyClock::now() - began;
    send(*successor, numbered(topic, 4, 2));
    const std::vector<std::string> seen = values();
    const std::vector<std::string> without{"0", "1", "4", "5"};
    const std::vector<std::string> with{"0", "1", "2", "3", "4", "5"};
    EXPECT_TRUE(seen == without || seen == with) << ::testing::PrintToString(seen);
    EXPECT_LT(took, 10s);
}

TEST_F(Transactional, aborts_into_partitions_without_a_trace_for_readers_and_goes_on)
{
    const auto producer = open(id);
    send(*producer, numbered(topic, 0, 2));
    run_until_done(io, producer->abort_into({{topic, 0}, {topic, 1}}, SteadyClock::now() + 10s));
    for (const Delivery& verdict : send(*producer, numbered(topic, 2, 2)))
        EXPECT_FALSE(verdict.fault) << verdict.reason;
    EXPECT_EQ(values(), (std::vector<std::string>{"0", "1", "2", "3"}));
}

TEST_F(Transactional, refuses_a_message_timeout_that_outlives_the_transaction)
{
    TransactionalConfig config;
    config.producer.client = kafka_client();
    config.id = id;
    config.transaction_timeout = config.producer.message_timeout;
    EXPECT_THROW(
        run_until_done(io, open_transactional_producer(std::move(config), SteadyClock::now() + 5s)),
        std::invalid_argument);
}

}  // namespace
}  // namespace exchange::kafka
