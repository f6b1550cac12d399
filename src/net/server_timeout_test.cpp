// Every wait ends: a slow or silent peer costs a bounded time, a fast one is never cut off.
#include "net/server_connection.hpp"
#include "net/server_fixture.hpp"

namespace exchange::net {
namespace {

using namespace std::chrono_literals;

class ServerTimeoutTest : public ServerTest {
protected:
    // The time-out in question is short, the others are too long to end a test.
    static ServerLimits patient()
    {
        ServerLimits limits;
        limits.header_timeout = limits.body_timeout = 60s;
        limits.write_timeout = limits.idle_timeout = 60s;
        return limits;
    }
};

TEST_F(ServerTimeoutTest, answers_408_to_a_header_that_does_not_end)
{
    ServerLimits limits = patient();
    limits.header_timeout = 50ms;
    start(limits);
    RawClient raw = client();
    EXPECT_EQ(status_of(raw.ask("GET /echo HTTP/1.1\r\nHost: ")), 408u);
    EXPECT_TRUE(raw.ended());
}

TEST_F(ServerTimeoutTest, does_not_let_a_trickle_of_header_bytes_extend_the_time)
{
    ServerLimits limits = patient();
    limits.header_timeout = 100ms;
    start(limits);
    RawClient raw = client();
    const TimePoint start_time = SteadyClock::now();
    raw.send("GET /echo HTTP/1.1\r\nX: ");
    std::jthread trickle{[&](const std::stop_token& stop) {
        while (!stop.stop_requested() && raw.send("x")) std::this_thread::sleep_for(5ms);
    }};
    EXPECT_EQ(status_of(raw.response()), 408u);
    EXPECT_LT(SteadyClock::now() - start_time, 5s);
}

TEST_F(ServerTimeoutTest, closes_a_new_connection_that_asks_nothing_without_a_word)
{
    ServerLimits limits = patient();
    limits.header_timeout = 50ms;
    start(limits);
    EXPECT_TRUE(client().ended());
}

TEST_F(ServerTimeoutTest, closes_an_idle_connection_without_a_word)
{
    ServerLimits limits = patient();
    limits.idle_timeout = 50ms;
    start(limits);
    RawClient raw = client();
    EXPECT_EQ(status_of(raw.ask(get("/echo"))), 200u);
    EXPECT_TRUE(raw.ended());
}

TEST_F(ServerTimeoutTest, answers_408_to_a_body_that_stops)
{
    ServerLimits limits = patient();
    limits.body_timeout = 50ms;
    start(limits);
    for (const char* framing : {"Content-Length: 10", "Transfer-Encoding: chunked"}) {
        RawClient raw = client();
        raw.send("POST /echo HTTP/1.1\r\nHost: h\r\n" + std::string{framing} + "\r\n\r\n5\r\n");
        EXPECT_EQ(status_of(raw.response()), 408u) << framing;
        EXPECT_TRUE(raw.ended());
    }
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
}

TEST(TransferDeadline, grows_with_every_byte_at_the_slowest_rate)
{
    const TimePoint start{};
    EXPECT_EQ(transfer_deadline(start, 15s, 0, 1000), start + 15s);
    EXPECT_EQ(transfer_deadline(start, 15s, 2000, 1000), start + 17s);
}

TEST_F(ServerTimeoutTest, gives_a_body_that_keeps_coming_more_than_the_time_out)
{
    ServerLimits limits = patient();
    limits.body_timeout = 100ms;
    limits.slowest_bytes_per_s = 1;
    start(limits);
    RawClient raw = client();
    raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 25\r\n\r\n");
    for (int i = 0; i < 25; ++i) {
        std::this_thread::sleep_for(10ms);
        ASSERT_TRUE(raw.send("x"));
    }
    EXPECT_EQ(body_of(raw.response()), "POST /echo  " + std::string(25, 'x'));
}

TEST_F(ServerTimeoutTest, gives_up_a_client_that_does_not_read_its_answer)
{
    ServerLimits limits = patient();
    limits.write_timeout = 50ms;
    limits.slowest_bytes_per_s = 1 << 30;
    start(limits);
    RawClient raw = client();
    raw.send(get("/big"));
    EXPECT_TRUE(eventually([&] { return server().connections() == 1; }));
    EXPECT_TRUE(eventually([&] { return server().connections() == 0; }));
}

TEST_F(ServerTimeoutTest, sends_large_answers_whole_to_a_client_that_reads)
{
    start();
    RawClient raw = client();
    EXPECT_EQ(body_of(raw.ask(get("/big"))).size(), 32u * 1024 * 1024);
}

TEST_F(ServerTimeoutTest, does_not_bound_the_handler)
{
    ServerLimits limits;
    limits.header_timeout = limits.body_timeout = 20ms;
    limits.write_timeout = limits.idle_timeout = 20ms;
    start(limits);
    RawClient raw = client();
    raw.send(post("/hold", ""));
    ASSERT_TRUE(holds(1));
    std::this_thread::sleep_for(100ms);
    release();
    EXPECT_EQ(status_of(raw.response()), 200u);
}

}  // namespace
}  // namespace exchange::net
