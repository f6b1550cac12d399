// What the server refuses because it would be too much, and that refusing leaves nothing behind.
#include "net/server_fixture.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>

#include <sstream>

namespace exchange::net {
namespace {

using testing::HasSubstr;

using ServerLimitsTest = ServerTest;

std::string announce(std::size_t content_length)
{
    return "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(content_length) +
           "\r\n\r\n";
}

TEST_F(ServerLimitsTest, answers_413_to_an_announced_body_without_reading_it)
{
    start();
    RawClient raw = client();
    const std::string answer = raw.ask(announce(body_bytes_max + 1));
    EXPECT_EQ(status_of(answer), 413u);
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(raw.ended());
}

TEST_F(ServerLimitsTest, answers_413_while_a_chunked_body_grows_too_large)
{
    start();
    RawClient raw = client();
    raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (int i = 0; i < 17; ++i) ASSERT_TRUE(raw.send(chunk));
    EXPECT_EQ(status_of(raw.response()), 413u);
}

TEST_F(ServerLimitsTest, answers_413_to_any_body_where_none_is_taken)
{
    start();
    EXPECT_EQ(
        status_of(client().ask("GET /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")),
        413u);
    EXPECT_EQ(status_of(client().ask("GET /echo HTTP/1.1\r\nHost: h\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
              413u);
}

// A client that reads only after it has sent everything must find the answer, not a reset.
TEST_F(ServerLimitsTest, lets_a_client_finish_sending_and_still_see_the_refusal)
{
    start();
    RawClient raw = client();
    ASSERT_TRUE(raw.send(post("/echo", std::string(8 * body_bytes_max, 'x'))));
    EXPECT_EQ(status_of(raw.response()), 413u);
    EXPECT_TRUE(raw.ended());
}

TEST_F(ServerLimitsTest, keeps_the_connection_after_refusing_a_small_body)
{
    start();
    RawClient raw = client();
    EXPECT_EQ(status_of(raw.ask(post("/json", std::string(60000, 'x')))), 401u);
    EXPECT_EQ(body_of(raw.ask(get("/echo"))), "GET /echo  ");
}

TEST_F(ServerLimitsTest, answers_431_to_a_header_that_is_too_large)
{
    ServerLimits limits;
    limits.header_bytes_max = 1024;
    start(limits);
    for (const std::size_t size : {std::size_t{1000}, std::size_t{100000}}) {
        RawClient raw = client();
        raw.send("GET /echo HTTP/1.1\r\nHost: h\r\nX-Echo: " + std::string(size, 'x') + "\r\n\r\n");
        EXPECT_EQ(status_of(raw.response()), 431u) << size;
        EXPECT_TRUE(raw.ended()) << size;
    }
    EXPECT_EQ(status_of(client().ask("GET /echo HTTP/1.1\r\nHost: h\r\nX-Echo: " +
                                     std::string(900, 'x') + "\r\n\r\n")),
              200u);
}

TEST_F(ServerLimitsTest, answers_503_when_the_body_budget_is_spent_and_recovers)
{
    ServerLimits limits;
    limits.body_budget_bytes = 100'000;
    start(limits);
    RawClient first = client();
    first.send(announce(90'000));
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 90'000; }));

    RawClient second = client();
    const std::string refused = second.ask(post("/echo", std::string(10'001, 'x')));
    EXPECT_EQ(status_of(refused), 503u);
    EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_EQ(status_of(second.ask(post("/echo", std::string(10'000, 'x')))), 200u);

    first.send(std::string(90'000, 'x'));
    EXPECT_EQ(status_of(first.response()), 200u);
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
    EXPECT_EQ(status_of(second.ask(post("/echo", std::string(90'000, 'x')))), 200u);
}

constexpr std::size_t step = 64 * 1024;
constexpr std::string_view chunked_head =
    "POST /hold HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(std::size_t size)
{
    std::ostringstream out;
    out << std::hex << size << "\r\n" << std::string(size, 'x') << "\r\n";
    return out.str();
}

TEST_F(ServerLimitsTest, takes_as_many_small_chunked_bodies_at_once_as_have_a_step_each)
{
    ServerLimits limits;
    limits.body_budget_bytes = body_bytes_max;
    start(limits);
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < body_bytes_max / step; ++i) {
        clients.push_back(client());
        clients.back().send(std::string{chunked_head} + chunk(2048) + "0\r\n\r\n");
    }
    ASSERT_TRUE(holds(static_cast<int>(clients.size())));
    EXPECT_EQ(server().body_bytes_in_flight(), body_bytes_max);
    EXPECT_EQ(status_of(client().ask(std::string{chunked_head} + "0\r\n\r\n")), 503u);
    release();
    for (RawClient& raw : clients) EXPECT_EQ(status_of(raw.response()), 200u);
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
}

TEST_F(ServerLimitsTest, counts_a_chunked_body_by_steps_up_to_the_routes_maximum)
{
    start();
    RawClient raw = client();
    raw.send(chunked_head);
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == step; }));
    raw.send(chunk(step + 1));
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 2 * step; }));
    raw.send(chunk(body_bytes_max - step - 1));
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == body_bytes_max; }));
    raw.send("0\r\n\r\n");
    ASSERT_TRUE(holds(1));
    release();
    EXPECT_EQ(status_of(raw.response()), 200u);
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
}

// What it held is given back before it has gone: it may take its time to read the answer.
TEST_F(ServerLimitsTest, answers_503_to_a_chunked_body_that_grows_beyond_the_budget)
{
    ServerLimits limits;
    limits.body_budget_bytes = 3 * step;
    start(limits);
    RawClient other = client();
    other.send(announce(step));
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == step; }));
    RawClient raw = client();
    raw.send(std::string{chunked_head} + chunk(step) + chunk(step));
    ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 3 * step; }));
    raw.send(chunk(1));
    const std::string refused = raw.response();
    EXPECT_EQ(status_of(refused), 503u);
    EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(refused, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(server().body_bytes_in_flight(), step);
    EXPECT_TRUE(raw.ended());
    other.send(std::string(step, 'x'));
    EXPECT_EQ(status_of(other.response()), 200u);
}

TEST_F(ServerLimitsTest, turns_connections_away_beyond_the_maximum_and_recovers)
{
    ServerLimits limits;
    limits.connections_max = 4;
    start(limits);
    std::vector<RawClient> kept;
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(status_of(kept.emplace_back(client()).ask(get("/echo"))), 200u);

    std::vector<RawClient> flood;
    for (int i = 0; i < 400; ++i) flood.push_back(client());
    int told = 0;
    for (RawClient& raw : flood) {
        const std::string answer = raw.response();
        if (status_of(answer) == 503) {
            EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
            ++told;
        } else {
            EXPECT_EQ(answer, "");
        }
    }
    EXPECT_GE(told, 200);
    for (RawClient& raw : kept) EXPECT_EQ(status_of(raw.ask(get("/echo"))), 200u);

    flood.clear();
    kept.clear();
    ASSERT_TRUE(eventually([&] { return server().connections() == 0; }));
    EXPECT_EQ(status_of(client().ask(get("/echo"))), 200u);
}

// Whoever connects while no descriptor is left waits in the kernel and is served afterwards.
TEST_F(ServerLimitsTest, survives_running_out_of_descriptors)
{
    start();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = std::min<rlim_t>(before.rlim_cur, 128);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    std::vector<int> fillers;
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fillers.push_back(fd);
    ASSERT_FALSE(fillers.empty());
    ::close(fillers.back());
    fillers.pop_back();

    RawClient raw = client();
    EXPECT_TRUE(raw.send(get("/echo")));
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_EQ(server().connections(), 0u);
    for (const int fd : fillers) ::close(fd);
    EXPECT_EQ(status_of(raw.response()), 200u);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace exchange::net
