#include "net/server_fixture.hpp"

#include <gmock/gmock.h>

namespace exchange::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using ServerDrainTest = ServerTest;

TEST_F(ServerDrainTest, finishes_what_is_under_way_and_takes_nothing_new)
{
    start({}, 2);
    RawClient busy = client();
    busy.send(post("/hold", ""));
    ASSERT_TRUE(holds(1));

    std::future<void> drained = drain(10s);
    ASSERT_TRUE(eventually([&] { return !client().connected(); }));
    EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);

    release();
    const std::string answer = busy.response();
    EXPECT_EQ(body_of(answer), "held");
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(busy.ended());
    busy.close();
    drained.get();
    EXPECT_EQ(server().connections(), 0u);
}

TEST_F(ServerDrainTest, lets_a_body_under_way_come_in)
{
    start();
    RawClient raw = client();
    raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 4; }));
    std::future<void> drained = drain(10s);
    ASSERT_TRUE(eventually([&] { return !client().connected(); }));
    EXPECT_EQ(body_of(raw.ask("cd")), "POST /echo  abcd");
    raw.close();
    drained.get();
}

TEST_F(ServerDrainTest, closes_idle_connections_at_once)
{
    start();
    RawClient idle = client();
    EXPECT_EQ(status_of(idle.ask(get("/echo"))), 200u);
    RawClient silent = client();
    ASSERT_TRUE(eventually([&] { return server().connections() == 2; }));
    const TimePoint before = SteadyClock::now();
    drain(10s).get();
    EXPECT_LT(SteadyClock::now() - before, 5s);
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(silent.ended());
}

TEST_F(ServerDrainTest, closes_the_rest_at_the_deadline)
{
    start();
    RawClient busy = client();
    busy.send(post("/hold", ""));
    ASSERT_TRUE(holds(1));
    drain(20ms).get();
    EXPECT_TRUE(busy.gone());
    release();
    EXPECT_TRUE(eventually([&] { return server().connections() == 0; }));
}

TEST_F(ServerDrainTest, may_be_repeated)
{
    start();
    std::future<void> first = drain(10s);
    std::future<void> second = drain(10s);
    first.get();
    second.get();
    drain(10s).get();
    EXPECT_FALSE(client().connected());
}

// Connections the kernel accepted before the drain are answered, not reset.
TEST_F(ServerDrainTest, serves_clients_that_connected_just_before)
{
    start({}, 2);
    std::vector<RawClient> clients;
    for (int i = 0; i < 50; ++i) clients.push_back(client());
    for (RawClient& raw : clients) ASSERT_TRUE(raw.send(get("/echo")));
    std::future<void> drained = drain(10s);
    for (RawClient& raw : clients) EXPECT_EQ(status_of(raw.response()), 200u);
    clients.clear();
    drained.get();
}

}  // namespace
}  // namespace exchange::net
