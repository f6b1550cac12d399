#include "net/server.hpp"

#include "net/server_fixture.hpp"

#include <gmock/gmock.h>

#include <system_error>

namespace exchange::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(ServerTest, answers_a_request_with_what_the_handler_returns)
{
    start();
    EXPECT_EQ(client().ask(post("/echo?a=1&b", "hello", "x-echo:  v \r\n")),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Echo: v\r\n"
              "Content-Length: 22\r\n\r\nPOST /echo a=1&b hello");
}

TEST_F(ServerTest, answers_pipelined_requests_in_order)
{
    start();
    RawClient raw = client();
    std::string all;
    for (int i = 0; i < 100; ++i) all += post("/echo", std::to_string(i) + std::string(500, '.'));
    raw.send(all);
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(body_of(raw.response()),
                  "POST /echo  " + std::to_string(i) + std::string(500, '.'));
}

TEST_F(ServerTest, reads_a_request_that_comes_byte_by_byte)
{
    start();
    RawClient raw = client();
    for (const char c : post("/echo", "slow")) raw.send({&c, 1});
    EXPECT_EQ(body_of(raw.response()), "POST /echo  slow");
}

TEST_F(ServerTest, reads_large_bodies_whole)
{
    start();
    RawClient raw = client();
    const std::string body(body_bytes_max, 'x');
    EXPECT_EQ(body_of(raw.ask(post("/echo", body))), "POST /echo  " + body);
    EXPECT_EQ(body_of(raw.ask(get("/echo"))), "GET /echo  ");
}

TEST_F(ServerTest, answers_head_like_get_without_the_body)
{
    start();
    RawClient raw = client();
    raw.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(raw.response(false), HasSubstr("Content-Length: 12\r\n"));
    EXPECT_EQ(body_of(raw.ask(get("/echo"))), "GET /echo  ");
}

TEST_F(ServerTest, answers_404_for_an_unknown_path_and_405_with_allow_for_an_unknown_method)
{
    start();
    RawClient raw = client();
    EXPECT_EQ(status_of(raw.ask(get("/nowhere"))), 404u);
    const std::string refused = raw.ask("PUT /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status_of(refused), 405u);
    EXPECT_THAT(refused, HasSubstr("Allow: GET, HEAD, POST\r\n"));
    raw.send("HEAD /json HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status_of(raw.response(false)), 405u);
}

TEST_F(ServerTest, requires_the_routes_content_type_whatever_its_parameters)
{
    start();
    RawClient raw = client();
    const std::string token = "Authorization: Bearer dev\r\n";
    EXPECT_EQ(status_of(raw.ask(post("/json", "{}", token))), 415u);
    EXPECT_EQ(status_of(raw.ask(post("/json", "{}", token + "Content-Type: text/json\r\n"))), 415u);
    for (const char* type : {"application/json", "Application/JSON ; charset=utf-8"})
        EXPECT_EQ(status_of(raw.ask(post("/json", "{}", token + "Content-Type: " + type + "\r\n"))),
                  200u);
}

TEST_F(ServerTest, lets_the_precheck_answer_before_the_body_was_sent)
{
    start();
    RawClient raw = client();
    raw.send("POST /json HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(body_of(raw.response()), "unauthorized");
    // The five bytes still belong to that request.
    raw.send("12345");
    EXPECT_EQ(body_of(raw.ask(get("/echo"))), "GET /echo  ");
}

TEST_F(ServerTest, answers_500_without_the_cause_when_a_handler_throws)
{
    start();
    RawClient raw = client();
    const std::string answer = raw.ask(post("/throw", "x"));
    EXPECT_EQ(status_of(answer), 500u);
    EXPECT_EQ(body_of(answer), "internal");
    EXPECT_EQ(status_of(raw.ask(get("/echo"))), 200u);
}

TEST_F(ServerTest, keeps_or_closes_the_connection_as_the_client_asks)
{
    start();
    RawClient once = client();
    EXPECT_THAT(once.ask("GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(once.ended());

    RawClient old = client();
    EXPECT_THAT(old.ask("GET /echo HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(old.ended());

    RawClient kept = client();
    for (int i = 0; i < 2; ++i)
        EXPECT_THAT(kept.ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                    HasSubstr("Connection: keep-alive\r\n"));
}

TEST_F(ServerTest, reads_chunked_bodies_and_what_follows_them)
{
    start();
    RawClient raw = client();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    raw.send(head + "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n" + get("/echo"));
    EXPECT_EQ(body_of(raw.response()), "POST /echo  hello world");
    EXPECT_EQ(body_of(raw.response()), "GET /echo  ");
    for (const char c : head + "1\r\na\r\n0\r\n\r\n") raw.send({&c, 1});
    EXPECT_EQ(body_of(raw.response()), "POST /echo  a");
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
}

TEST_F(ServerTest, tells_a_client_that_waits_for_it_to_go_on)
{
    start();
    RawClient raw = client();
    raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(raw.response(), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(body_of(raw.ask("ab")), "POST /echo  ab");
}

TEST_F(ServerTest, closes_after_refusing_a_client_that_waits_to_go_on)
{
    start();
    RawClient raw = client();
    const std::string answer = raw.ask("POST /json HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                                       "Content-Length: 2\r\n\r\n");
    EXPECT_EQ(status_of(answer), 401u);
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(raw.ended());
}

TEST_F(ServerTest, answers_417_for_an_expectation_it_does_not_know)
{
    start();
    EXPECT_EQ(status_of(client().ask(post("/echo", "", "Expect: miracles\r\n"))), 417u);
}

// RFC 9112: whatever leaves in doubt where a request ends must not be guessed at.
TEST_F(ServerTest, answers_400_and_closes_when_the_request_is_malformed)
{
    start();
    const std::string cases[] = {
        "GARBAGE\r\n\r\n",
        std::string{"\x16\x03\x01\x02\x00", 5},
        "GET /echo HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost : h\r\n\r\n",
        "GET /e cho HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    };
    for (const std::string& request : cases) {
        RawClient raw = client();
        const std::string answer = raw.ask(request);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << request;
        EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nbad_request")) << request;
        EXPECT_TRUE(raw.ended()) << request;
    }
}

TEST_F(ServerTest, accepts_what_the_rfc_asks_it_to_accept)
{
    start();
    RawClient raw = client();
    EXPECT_EQ(body_of(raw.ask("GET http://h/echo?q HTTP/1.1\r\nHost: h\r\n\r\n")), "GET /echo q ");
    EXPECT_EQ(body_of(raw.ask("\r\n\r\n" + get("/echo"))), "GET /echo  ");
    EXPECT_THAT(raw.ask("GET /echo HTTP/1.1\r\nHost: h\r\nX-Echo: a\r\n b\r\n\r\n"),
                HasSubstr("X-Echo: a b\r\n"));
}

TEST_F(ServerTest, forgets_a_client_that_goes_away_in_its_body)
{
    start();
    {
        RawClient raw = client();
        raw.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nhalf");
        ASSERT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 100000; }));
    }
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
    EXPECT_TRUE(eventually([&] { return server().connections() == 0; }));
}

TEST_F(ServerTest, refuses_to_share_a_port_and_names_the_address)
{
    start();
    boost::asio::io_context context;
    boost::asio::io_context* contexts[] = {&context};
    const std::string address = "127.0.0.1:" + std::to_string(server().port());
    const auto second = make_server(address, {}, {}, {});
    try {
        second->start(contexts);
        FAIL() << "two servers on " << address;
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::address_in_use);
        EXPECT_THAT(error.what(), HasSubstr(address));
    }
}

TEST_F(ServerTest, serves_many_clients_on_two_contexts)
{
    start({}, 2);
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> clients;
        for (int c = 0; c < 8; ++c)
            clients.emplace_back([&, c] {
                RawClient raw = client();
                for (int i = 0; i < 50; ++i) {
                    const std::string body = std::to_string(c) + "/" + std::to_string(i);
                    right += body_of(raw.ask(post("/echo", body))) == "POST /echo  " + body;
                    right += status_of(raw.ask(post("/json", body))) == 401;
                }
            });
    }
    EXPECT_EQ(right, 8 * 50 * 2);
    EXPECT_TRUE(eventually([&] { return server().body_bytes_in_flight() == 0; }));
}

}  // namespace
}  // namespace exchange::net
