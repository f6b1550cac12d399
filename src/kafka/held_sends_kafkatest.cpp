#include "base/signal.hpp"
#include "kafka/transactional_fixture.hpp"

#include <stdexcept>

// Sends that are handed over before they may leave, on a true broker.
namespace exchange::kafka {
namespace {

namespace asio = boost::asio;

class HeldSend : public Transactional {
protected:
    // Messages and markers in both partitions.
    asio::awaitable<std::int64_t> stored()
    {
        std::vector<TopicPartition> all{{topic, 0}, {topic, 1}};
        const auto ends =
            co_await read_tails(kafka_client(), std::move(all), SteadyClock::now() + 10s);
        std::int64_t sum = 0;
        for (const auto& [partition, tail] : ends) sum += tail.end;
        co_return sum;
    }

    // Takes its time, and notes what was stored meanwhile.
    asio::awaitable<void> clear(std::int64_t& stored_meanwhile)
    {
        const std::int64_t before = co_await stored();
        co_await sleep_until(SteadyClock::now() + 100ms);
        stored_meanwhile = co_await stored() - before;
    }

    static asio::awaitable<void> clear_at_once() { co_return; }

    static asio::awaitable<void> refuse()
    {
        co_await sleep_until(SteadyClock::now() + 100ms);
        throw std::runtime_error{"not cleared"};
    }

    // When librdkafka asks to add the partition to the transaction, give or take.
    static asio::awaitable<void> refuse_after(Duration while_held)
    {
        co_await sleep_until(SteadyClock::now() + while_held);
        throw std::runtime_error{"not cleared"};
    }

    std::vector<Delivery> send_held(Producer& producer, std::vector<Message> batch,
                                    asio::awaitable<void> cleared)
    {
        return run_until_done(io, producer.send_once_cleared(std::move(batch), std::move(cleared)));
    }
};

std::vector<std::string> numbers(int from, int to)
{
    std::vector<std::string> all;
    for (int number = from; number < to; ++number) all.push_back(std::to_string(number));
    return all;
}

TEST_F(HeldSend, lets_nothing_leave_before_it_is_cleared_in_any_turn_of_its_ids)
{
    const auto producer = open(id);
    for (int window = 0; window < 6; ++window) {
        // The marker of the transaction before.
        values();
        std::int64_t stored_meanwhile = -1;
        const auto verdicts =
            send_held(*producer, numbered(topic, window * 4, 4), clear(stored_meanwhile));
        for (const Delivery& verdict : verdicts) ASSERT_FALSE(verdict.fault) << verdict.reason;
        EXPECT_EQ(stored_meanwhile, 0) << "window " << window;
    }
    EXPECT_EQ(values(), numbers(0, 24));
}

// A client that is destroyed while that request is under way may end the process with a failed
// assertion (librdkafka 2.0.2).
TEST_F(HeldSend, may_be_refused_at_any_moment)
{
    for (int attempt = 0; attempt < 20; ++attempt) {
        const auto producer = open(id, 1);
        const Duration held = 500us + attempt * 75us;
        EXPECT_THROW(send_held(*producer, numbered(topic, 0, 1), refuse_after(held)),
                     std::runtime_error);
    }
    EXPECT_EQ(values(), numbers(0, 0));
}

TEST_F(HeldSend, never_sends_what_was_not_cleared)
{
    {
        const auto producer = open(id);
        send(*producer, numbered(topic, 0, 2));
        EXPECT_THROW(send_held(*producer, numbered(topic, 100, 4), refuse()), std::runtime_error);
        EXPECT_THROW(send(*producer, numbered(topic, 100, 4)), Error);
    }
    const auto successor = open(id);
    send(*successor, numbered(topic, 2, 2));
    EXPECT_EQ(values(), numbers(0, 4));
}

TEST_F(HeldSend, takes_turns_with_sends_that_leave_at_once)
{
    const auto producer = open(id);
    for (int window = 0; window < 8; ++window) {
        std::vector<Message> batch = numbered(topic, window * 2, 2);
        std::int64_t ignored = 0;
        const auto verdicts = window % 3 == 0
                                  ? send(*producer, std::move(batch))
                                  : send_held(*producer, std::move(batch),
                                              window % 3 == 1 ? clear(ignored) : clear_at_once());
        for (const Delivery& verdict : verdicts) ASSERT_FALSE(verdict.fault) << verdict.reason;
    }
    run_until_done(io, producer->abort_into({{topic, 0}}, SteadyClock::now() + 10s));
    EXPECT_EQ(values(), numbers(0, 16));
}

TEST_F(HeldSend, waits_for_its_clearance_without_messages_too)
{
    const auto producer = open(id);
    std::int64_t stored_meanwhile = -1;
    EXPECT_TRUE(send_held(*producer, {}, clear(stored_meanwhile)).empty());
    EXPECT_EQ(stored_meanwhile, 0);
    EXPECT_THROW(send_held(*producer, {}, refuse()), std::runtime_error);
}

TEST_F(HeldSend, holds_nothing_back_of_a_topic_that_the_client_did_not_know_yet)
{
    const auto producer = open(id);
    topic = make_topic(2);
    std::int64_t stored_meanwhile = -1;
    const auto verdicts = send_held(*producer, numbered(topic, 0, 4), clear(stored_meanwhile));
    for (const Delivery& verdict : verdicts) ASSERT_FALSE(verdict.fault) << verdict.reason;
    EXPECT_EQ(stored_meanwhile, 0);
    EXPECT_EQ(values(), numbers(0, 4));
}

}  // namespace
}  // namespace exchange::kafka
