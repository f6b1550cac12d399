#include "net/client.hpp"

#include "support/run_coroutine.hpp"
#include "support/scripted_server.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::net {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::run_coroutine;
using testing::ScriptedAnswer;
using testing::ScriptedRequest;
using testing::ScriptedServer;
namespace asio = boost::asio;

ClientRequest get(std::string target = "/")
{
    ClientRequest request;
    request.method = "GET";
    request.target = std::move(target);
    return request;
}

struct Fixture {
    explicit Fixture(ScriptedServer::Script script, std::size_t connections_max = 4)
        : server{std::move(script)},
          client{make_client(io.get_executor(), server.origin(), connections_max)}
    {
    }

    ClientResponse send(ClientRequest request, Duration within = 10s)
    {
        return run_coroutine(io, client->send(std::move(request), SteadyClock::now() + within));
    }

    std::string failure(ClientRequest request, Duration within = 10s)
    {
        try {
            const ClientResponse response = send(std::move(request), within);
            return "answered with " + std::to_string(response.status);
        } catch (const ClientError& error) {
            return error.what();
        }
    }

    asio::io_context io;
    ScriptedServer server;
    std::unique_ptr<Client> client;
};

std::string seen(const ScriptedRequest& request)
{
    return std::to_string(request.connection) + "/" + std::to_string(request.number);
}

TEST(Client, sends_the_request_as_given_and_returns_status_headers_and_body)
{
    Fixture f{[](const ScriptedRequest&) { return answer(418, "tea", "X-Pot: Brown \r\n"); }};
    ClientRequest request;
    request.method = "PUT";
    request.target = "/a%20b?c=d";
    request.headers = {{"x-one", "1"}, {"x-two", "2"}};
    request.body = "body";
    const ClientResponse response = f.send(request);
    EXPECT_EQ(response.status, 418u);
    EXPECT_EQ(response.body, "tea");
    EXPECT_EQ(response.header("x-pot"), "Brown");
    EXPECT_EQ(response.header("x-cup"), "");
    ASSERT_EQ(f.server.requests().size(), 1u);
    EXPECT_EQ(f.server.requests()[0].head,
              "PUT /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(f.server.port()) +
                  "\r\nx-one: 1\r\nx-two: 2\r\n"
                  "Content-Length: 4\r\n\r\n");
    EXPECT_EQ(f.server.requests()[0].body, "body");
}

TEST(Client, keeps_the_connection_for_the_next_request)
{
    Fixture f{[](const ScriptedRequest& request) { return answer(200, seen(request)); }};
    EXPECT_EQ(f.send(get()).body, "0/0");
    EXPECT_EQ(f.send(get()).body, "0/1");
    EXPECT_EQ(f.send(get()).body, "0/2");
}

TEST(Client, does_not_keep_a_connection_the_server_announced_to_close)
{
    Fixture f{[](const ScriptedRequest& request) {
        return answer(200, seen(request), "Connection: close\r\n");
    }};
    EXPECT_EQ(f.send(get()).body, "0/0");
    EXPECT_EQ(f.send(get()).body, "1/0");
}

TEST(Client, notices_a_kept_connection_that_was_closed_even_for_a_request_not_to_be_repeated)
{
    Fixture f{[](const ScriptedRequest& request) {
        ScriptedAnswer reply = answer(200, seen(request));
        reply.close = true;
        return reply;
    }};
    EXPECT_EQ(f.send(get()).body, "0/0");
    const TimePoint at_most = SteadyClock::now() + 10s;
    while (f.server.connections_closed() == 0 && SteadyClock::now() < at_most)
        std::this_thread::yield();
    ClientRequest once = get();
    once.repeatable = false;
    EXPECT_EQ(f.send(once).body, "1/0");
}

ScriptedAnswer close_on_second(const ScriptedRequest& request)
{
    if (request.number == 1) return {"", true, false};
    return answer(200, seen(request));
}

TEST(Client, repeats_a_request_once_that_a_kept_connection_did_not_answer)
{
    Fixture f{close_on_second};
    EXPECT_EQ(f.send(get()).body, "0/0");
    EXPECT_EQ(f.send(get()).body, "1/0");
    EXPECT_EQ(f.server.requests().size(), 3u);
}

TEST(Client, does_not_repeat_a_request_whose_repetition_would_harm)
{
    Fixture f{close_on_second};
    EXPECT_EQ(f.send(get()).body, "0/0");
    ClientRequest once = get();
    once.repeatable = false;
    EXPECT_THAT(f.failure(once), HasSubstr("closed without an answer"));
    EXPECT_EQ(f.server.requests().size(), 2u);
}

TEST(Client, does_not_repeat_on_a_fresh_connection)
{
    Fixture f{[](const ScriptedRequest&) { return ScriptedAnswer{"", true, false}; }};
    EXPECT_THAT(f.failure(get()), HasSubstr("closed without an answer"));
    EXPECT_EQ(f.server.requests().size(), 1u);
}

TEST(Client, does_not_repeat_once_a_byte_of_the_answer_came)
{
    Fixture f{[](const ScriptedRequest& request) {
        if (request.number == 1) return ScriptedAnswer{"HTTP/1.1 2", true, false};
        return answer(200, seen(request));
    }};
    EXPECT_EQ(f.send(get()).body, "0/0");
    EXPECT_THAT(f.failure(get()), HasSubstr("cut off"));
    EXPECT_EQ(f.server.requests().size(), 2u);
}

TEST(Client, gives_up_at_the_deadline_and_never_uses_that_connection_again)
{
    Fixture f{[](const ScriptedRequest& request) {
        if (request.connection == 0) return ScriptedAnswer{"HTTP/1.1 200 OK\r\n", false, true};
        return answer(200, seen(request));
    }};
    EXPECT_THAT(f.failure(get(), 50ms), HasSubstr("no answer within the deadline"));
    EXPECT_EQ(f.send(get()).body, "1/0");
}

TEST(Client, tells_that_nobody_listens)
{
    asio::io_context io;
    std::string origin;
    {
        const ScriptedServer gone{[](const ScriptedRequest&) { return answer(200); }};
        origin = gone.origin();
    }
    const std::unique_ptr<Client> client = make_client(io.get_executor(), origin, 1);
    try {
        run_coroutine(io, client->send(get(), SteadyClock::now() + 5s));
        FAIL() << "a closed port answered";
    } catch (const ClientError& error) {
        EXPECT_EQ(error.what(), origin + ": connecting: Connection refused");
    }
}

TEST(Client, resolves_names_within_the_deadline)
{
    asio::io_context io;
    const ScriptedServer server{[](const ScriptedRequest&) { return answer(204); }};
    const std::string origin = "http://localhost:" + std::to_string(server.port());
    const std::unique_ptr<Client> client = make_client(io.get_executor(), origin, 1);
    EXPECT_EQ(run_coroutine(io, client->send(get(), SteadyClock::now() + 5s)).status, 204u);
    const std::unique_ptr<Client> lost = make_client(io.get_executor(), "http://x.invalid", 1);
    EXPECT_THROW(run_coroutine(io, lost->send(get(), SteadyClock::now() + 2s)), ClientError);
}

struct AnswerCase {
    std::string_view name;
    std::string_view bytes;
    std::string_view outcome;
};

class ClientAnswer : public ::testing::TestWithParam<AnswerCase> {};

TEST_P(ClientAnswer, is_whole_or_an_error)
{
    Fixture f{[](const ScriptedRequest&) {
        return ScriptedAnswer{std::string{GetParam().bytes}, true, false};
    }};
    ClientRequest request = get();
    request.response_bytes_max = 10;
    std::string outcome;
    try {
        outcome = "body: " + f.send(request).body;
    } catch (const ClientError& error) {
        outcome = error.what();
    }
    EXPECT_THAT(outcome, HasSubstr(GetParam().outcome));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ClientAnswer,
    ::testing::Values(
        AnswerCase{"chunked",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                   "body: abcde"},
        AnswerCase{"until_the_end", "HTTP/1.1 200 OK\r\n\r\nabc", "body: abc"},
        AnswerCase{"no_content", "HTTP/1.1 204 No Content\r\n\r\n", "body: "},
        AnswerCase{"after_an_interim_answer",
                   "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
                   "body: ab"},
        AnswerCase{"as_large_as_allowed", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
                   "body: 0123456789"},
        AnswerCase{"cut_off_head", "HTTP/1.1 200 OK\r\nContent-", "cut off"},
        AnswerCase{"cut_off_body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "cut off"},
        AnswerCase{"cut_off_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
                   "cut off"},
        AnswerCase{"interim_only", "HTTP/1.1 103 Early Hints\r\n\r\n", "end of stream"},
        AnswerCase{"too_large", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890",
                   "larger than allowed"},
        AnswerCase{"too_large_chunked",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n",
                   "larger than allowed"},
        AnswerCase{"not_http", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "reading the answer"},
        AnswerCase{"two_lengths",
                   "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                   "reading the answer"}),
    [](const ::testing::TestParamInfo<AnswerCase>& row) { return std::string{row.param.name}; });

TEST(Client, reads_no_body_after_head)
{
    Fixture f{[](const ScriptedRequest& request) {
        return ScriptedAnswer{
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nX: " + seen(request) + "\r\n\r\n",
            false, false};
    }};
    ClientRequest request = get();
    request.method = "HEAD";
    EXPECT_EQ(f.send(request).header("content-length"), "99999999999");
    EXPECT_EQ(f.send(request).header("x"), "0/1");
}

TEST(Client, reads_the_answer_of_a_server_that_did_not_read_the_whole_request)
{
    const std::string large(16 << 20, 'x');
    Fixture f{[](const ScriptedRequest&) {
        ScriptedAnswer reply = answer(413, "too much");
        reply.close = true;
        return reply;
    }};
    ClientRequest request;
    request.method = "POST";
    request.target = "/";
    request.headers = {{"x-answer-early", "yes"}};
    request.body = large;
    EXPECT_EQ(f.send(request).body, "too much");
    EXPECT_LT(f.server.requests().at(0).body.size(), large.size());
}

TEST(Client, refuses_to_send_what_would_break_out_of_its_line)
{
    Fixture f{[](const ScriptedRequest&) { return answer(200); }};
    ClientRequest bad_target = get("/a b");
    ClientRequest no_target = get("");
    ClientRequest bad_method = get();
    bad_method.method = "GET /";
    ClientRequest bad_name = get();
    bad_name.headers = {{"a:b", "c"}};
    ClientRequest bad_value = get();
    bad_value.headers = {{"a", "b\r\nc: d"}};
    for (const ClientRequest& request : {bad_target, no_target, bad_method, bad_name, bad_value})
        EXPECT_THROW(f.send(request), std::invalid_argument);
    EXPECT_EQ(f.server.connections(), 0u);
}

asio::awaitable<void> send_and_note(Client& client, std::string target, Duration within,
                                    std::vector<std::string>& outcomes)
{
    std::string outcome;
    try {
        const ClientResponse response =
            co_await client.send(get(target), SteadyClock::now() + within);
        outcome = target + " " + std::to_string(response.status);
    } catch (const ClientError& error) {
        outcome = target + " " + error.what();
    }
    outcomes.push_back(outcome);
}

TEST(Client, opens_at_most_connections_max_and_answers_everyone)
{
    Fixture f{[](const ScriptedRequest&) { return answer(200); }, 8};
    std::vector<std::string> outcomes;
    for (int i = 0; i < 500; ++i)
        asio::co_spawn(f.io, send_and_note(*f.client, "/x", 30s, outcomes), asio::detached);
    f.io.run();
    EXPECT_EQ(outcomes, std::vector<std::string>(500, "/x 200"));
    EXPECT_EQ(f.server.connections(), 8u);
}

TEST(Client, serves_those_who_wait_in_their_order)
{
    Fixture f{[](const ScriptedRequest&) { return answer(200); }, 1};
    std::vector<std::string> outcomes;
    for (const char* target : {"/1", "/2", "/3", "/4"})
        asio::co_spawn(f.io, send_and_note(*f.client, target, 30s, outcomes), asio::detached);
    f.io.run();
    EXPECT_THAT(outcomes, ElementsAre("/1 200", "/2 200", "/3 200", "/4 200"));
    EXPECT_EQ(f.server.connections(), 1u);
}

TEST(Client, lets_go_of_who_waited_too_long_and_serves_the_next)
{
    Fixture f{[](const ScriptedRequest& request) {
                  if (request.connection == 0) return ScriptedAnswer{"", false, true};
                  return answer(200);
              },
              1};
    std::vector<std::string> outcomes;
    asio::co_spawn(f.io, send_and_note(*f.client, "/hang", 150ms, outcomes), asio::detached);
    asio::co_spawn(f.io, send_and_note(*f.client, "/brief", 20ms, outcomes), asio::detached);
    asio::co_spawn(f.io, send_and_note(*f.client, "/patient", 30s, outcomes), asio::detached);
    f.io.run();
    EXPECT_THAT(outcomes, ElementsAre(HasSubstr("/brief http://127.0.0.1"),
                                      HasSubstr("/hang http://127.0.0.1"), "/patient 200"));
    EXPECT_THAT(outcomes[0], HasSubstr("all 1 connections were busy"));
}

TEST(Client, may_be_destroyed_while_requests_are_under_way)
{
    Fixture f{[](const ScriptedRequest&) { return answer(200); }, 1};
    std::vector<std::string> outcomes;
    asio::co_spawn(f.io, send_and_note(*f.client, "/1", 30s, outcomes), asio::detached);
    asio::co_spawn(f.io, send_and_note(*f.client, "/2", 30s, outcomes), asio::detached);
    f.io.poll();
    f.client.reset();
    f.io.run();
    EXPECT_THAT(outcomes, ElementsAre("/1 200", "/2 200"));
}

TEST(Client, may_be_destroyed_with_its_context_while_requests_wait)
{
    std::vector<std::string> outcomes;
    {
        Fixture f{[](const ScriptedRequest&) { return ScriptedAnswer{"", false, true}; }, 1};
        asio::co_spawn(f.io, send_and_note(*f.client, "/1", 30s, outcomes), asio::detached);
        asio::co_spawn(f.io, send_and_note(*f.client, "/2", 30s, outcomes), asio::detached);
        f.io.poll();
    }
    EXPECT_TRUE(outcomes.empty());
}

}  // namespace
}  // namespace exchange::net
