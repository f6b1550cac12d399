#include "push/push.hpp"

#include "push/push_test_files.hpp"
#include "support/scripted_server.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/resource.h>
#include <unistd.h>

// Whole pushes over real sockets.
namespace exchange::push {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedAnswer;
using testing::ScriptedRequest;
using testing::ScriptedServer;
using ::testing::UnorderedElementsAre;

ScriptedAnswer accepted(std::string_view headers = "")
{
    return answer(202, R"({"record_id":"r","correlation_id":"c"})", headers);
}

std::string key_in(const ScriptedRequest& request)
{
    const std::size_t at = request.head.find("Idempotency-Key: ") + 17;
    return request.head.substr(at, request.head.find("\r\n", at) - at);
}

std::vector<std::string> bodies(const ScriptedServer& server)
{
    std::vector<std::string> all;
    for (const ScriptedRequest& request : server.requests()) all.push_back(request.body);
    return all;
}

std::string numbered_lines(int count)
{
    std::string text;
    for (int i = 0; i < count; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
    return text;
}

struct Fixture {
    explicit Fixture(ScriptedServer::Script script, std::string_view input = "{\"n\":0}\n")
        : server{std::move(script)}
    {
        options.url = server.origin();
        options.token = "dev";
        options.connections = 1;
        options.files = {files.write("in.ndjson", input)};
        options.results_file = files.path("results");
    }

    TestFiles files;
    ScriptedServer server;
    PushOptions options;
};

TEST(Push, sends_each_line_byte_for_byte_with_a_key_of_its_own)
{
    Fixture f{[](const ScriptedRequest&) { return accepted(); }, " {\"a\": 1}\r\n\n{\"b\":2}"};
    f.options.api = "v2";
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 0);
    EXPECT_EQ(report.lines, 2u);
    EXPECT_EQ(report.accepted, 2u);
    EXPECT_EQ(report.blank, 1u);
    EXPECT_THAT(bodies(f.server), ElementsAre(" {\"a\": 1}\r", "{\"b\":2}"));
    const ScriptedRequest first = f.server.requests()[0];
    EXPECT_THAT(first.head, AllOf(HasSubstr("POST /v2/ingest HTTP/1.1\r\n"),
                                  HasSubstr("Authorization: Bearer dev\r\n"),
                                  HasSubstr("Content-Type: application/json\r\n"),
                                  HasSubstr("Idempotency-Key: push-")));
    EXPECT_NE(key_in(first), key_in(f.server.requests()[1]));
    EXPECT_THAT(f.files.read("results"), HasSubstr(R"("line":3,"key":"push-)"));
}

TEST(Push, sends_a_renamed_file_with_the_same_keys_and_counts_what_was_replayed)
{
    Fixture f{[](const ScriptedRequest&) { return accepted("Idempotent-Replayed: true\r\n"); },
              "{}\n{}\n"};
    f.options.results_file.clear();
    push(f.options);
    f.options.files = {f.files.write("renamed.ndjson", "{}\n{}\n")};
    const PushReport report = push(f.options);
    EXPECT_EQ(report.replayed, 2u);
    EXPECT_EQ(report.accepted, 0u);
    const std::vector<ScriptedRequest> requests = f.server.requests();
    EXPECT_EQ(key_in(requests[1]), key_in(requests[0]) + "-2");
    EXPECT_EQ(key_in(requests[2]), key_in(requests[0]));
    EXPECT_EQ(key_in(requests[3]), key_in(requests[1]));
}

TEST(Push, repeats_a_line_with_the_same_key_when_the_server_says_when)
{
    Fixture f{[n = 0](const ScriptedRequest&) mutable {
        return n++ == 0 ? answer(503, "", "Retry-After: 1\r\n") : accepted();
    }};
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 0);
    EXPECT_EQ(report.retries, 1u);
    EXPECT_GE(report.seconds, 1.0);
    ASSERT_EQ(f.server.requests().size(), 2u);
    EXPECT_EQ(key_in(f.server.requests()[0]), key_in(f.server.requests()[1]));
}

TEST(Push, survives_connections_that_end_without_an_answer)
{
    std::atomic<int> n = 0;
    Fixture f{[&](const ScriptedRequest&) {
                  return n++ % 3 == 0 ? ScriptedAnswer{"", true, false} : accepted();
              },
              numbered_lines(40)};
    f.options.connections = 4;
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 0);
    EXPECT_EQ(report.accepted, 40u);
    const std::vector<std::string> sent = bodies(f.server);
    EXPECT_EQ((std::set<std::string>{sent.begin(), sent.end()}).size(), 40u);
}

TEST(Push, records_what_is_rejected_and_goes_on)
{
    Fixture f{[](const ScriptedRequest& request) {
                  if (request.body != "bad") return accepted();
                  return answer(400, R"({"code":"body_invalid","errors":)"
                                     R"([{"pointer":"/dob","code":"date_invalid"}]})");
              },
              "good\nbad\ngood\n"};
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 3);
    EXPECT_EQ(report.accepted, 2u);
    EXPECT_EQ(report.rejected, 1u);
    EXPECT_EQ(report.rejected_by_code.at("400 body_invalid"), 1u);
    EXPECT_THAT(report.first_rejected,
                ElementsAre(HasSubstr("in.ndjson line 2: 400 body_invalid: /dob date_invalid")));
    EXPECT_THAT(f.files.read("results"),
                HasSubstr(R"("status":400,"code":"body_invalid",)"
                          R"("errors":[{"pointer":"/dob","code":"date_invalid"}]})"));
}

TEST(Push, rejects_a_line_that_is_too_long_without_sending_it)
{
    Fixture f{[](const ScriptedRequest&) { return accepted(); }, "12345\n123456\n"};
    f.options.line_bytes_max = 5;
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 3);
    EXPECT_EQ(report.too_long, 1u);
    EXPECT_EQ(report.sent(), 1u);
    EXPECT_THAT(bodies(f.server), ElementsAre("12345"));
    EXPECT_THAT(f.files.read("results"), HasSubstr(R"("code":"payload_too_large")"));
}

TEST(Push, does_not_send_again_what_the_results_file_settles)
{
    Fixture f{[](const ScriptedRequest& request) {
                  return request.body == "bad" ? answer(409) : accepted();
              },
              "one\nbad\n"};
    push(f.options);
    f.files.write("in.ndjson", "one\nbad\ntwo\none\n");
    const PushReport report = push(f.options);
    EXPECT_EQ(report.skipped, 2u);
    EXPECT_EQ(report.rejected_before, 1u);
    EXPECT_EQ(report.accepted, 2u);
    EXPECT_EQ(exit_code(report), 3);
    EXPECT_THAT(bodies(f.server), ElementsAre("one", "bad", "two", "one"));
}

TEST(Push, stops_at_once_when_the_token_is_refused)
{
    Fixture f{[](const ScriptedRequest&) { return answer(401, R"({"code":"token_expired"})"); },
              numbered_lines(50)};
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 6);
    EXPECT_THAT(report.detail, AllOf(HasSubstr("401 token_expired"), HasSubstr("line 1")));
    EXPECT_EQ(report.unfinished, 1u);
    EXPECT_EQ(f.server.requests().size(), 1u);
}

TEST(Push, stops_when_no_exchange_answers)
{
    for (const unsigned status : {200u, 301u, 404u}) {
        Fixture f{[&](const ScriptedRequest&) { return answer(status); }, numbered_lines(50)};
        const PushReport report = push(f.options);
        EXPECT_EQ(exit_code(report), 2) << status;
        EXPECT_EQ(report.rejected, 0u);
        EXPECT_EQ(f.server.requests().size(), 1u);
    }
}

TEST(Push, gives_up_after_the_time_it_was_given)
{
    Fixture f{[](const ScriptedRequest&) { return answer(503, R"({"code":"overloaded"})"); }};
    f.options.give_up_after = 300ms;
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 5);
    EXPECT_EQ(report.detail, "503 overloaded");
    EXPECT_EQ(report.unfinished, 1u);
    EXPECT_GE(report.seconds, 0.3);
    EXPECT_LT(report.seconds, 5.0);
}

TEST(Push, gives_up_on_a_server_that_is_not_there)
{
    PushOptions options;
    {
        const Fixture gone{[](const ScriptedRequest&) { return accepted(); }};
        options.url = gone.options.url;
    }
    const TestFiles files;
    options.files = {files.write("in", "{}\n")};
    options.token = "dev";
    options.give_up_after = 200ms;
    EXPECT_EQ(exit_code(push(options)), 5);
}

TEST(Push, lets_requests_in_flight_end_after_ctrl_c)
{
    std::atomic<int> n = 0;
    Fixture f{[&](const ScriptedRequest&) {
                  if (++n == 5) ::kill(::getpid(), SIGINT);
                  return accepted();
              },
              numbered_lines(10'000)};
    f.options.connections = 2;
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 130);
    EXPECT_EQ(report.unfinished, 0u);
    EXPECT_GE(report.accepted, 5u);
    EXPECT_LT(report.accepted, 10'000u);
    const std::string results = f.files.read("results");
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(results, '\n')), 1 + report.accepted);
}

TEST(Push, abandons_a_request_that_does_not_end_within_the_drain_time)
{
    Fixture f{[](const ScriptedRequest&) {
        ::kill(::getpid(), SIGTERM);
        return ScriptedAnswer{"", false, true};
    }};
    f.options.drain_timeout = 50ms;
    const PushReport report = push(f.options);
    EXPECT_EQ(exit_code(report), 130);
    EXPECT_EQ(report.unfinished, 1u);
    EXPECT_LT(report.seconds, 10.0);
}

TEST(Push, loses_and_doubles_nothing_when_interrupted_again_and_again)
{
    std::atomic<int> n = 0;
    std::set<std::string> stored;
    Fixture f{[&](const ScriptedRequest& request) {
                  const bool is_new = stored.insert(key_in(request)).second;
                  const int now = ++n;
                  if (now % 97 == 0) ::kill(::getpid(), SIGINT);
                  if (now % 13 == 0) return ScriptedAnswer{"", true, false};
                  return accepted(is_new ? "" : "Idempotent-Replayed: true\r\n");
              },
              numbered_lines(400)};
    f.options.connections = 8;
    PushReport report;
    for (int run = 0; run < 50; ++run) {
        report = push(f.options);
        if (report.end == PushEnd::complete) break;
        ASSERT_EQ(exit_code(report), 130);
    }
    EXPECT_EQ(exit_code(report), 0);
    EXPECT_EQ(report.settled(), 400u);
    EXPECT_EQ(stored.size(), 400u);
    EXPECT_EQ(std::ranges::count(f.files.read("results"), '\n'), 401);
}

TEST(Push, says_what_is_wrong_before_anything_is_sent)
{
    Fixture f{[](const ScriptedRequest&) { return accepted(); }};
    const auto refused = [&](const std::function<void(PushOptions&)>& spoil) {
        PushOptions options = f.options;
        spoil(options);
        EXPECT_THROW(push(options), PushUsageError);
    };
    refused([](PushOptions& o) { o.files = {"/no/such/file"}; });
    refused([](PushOptions& o) { o.files.clear(); });
    refused([](PushOptions& o) { o.url = "127.0.0.1:8080"; });
    refused([](PushOptions& o) { o.url += "/v1/ingest"; });
    refused([](PushOptions& o) { o.api = "v3"; });
    refused([](PushOptions& o) { o.token.clear(); });
    refused([](PushOptions& o) { o.token = "a\nb"; });
    refused([](PushOptions& o) { o.connections = 0; });
    refused([](PushOptions& o) { o.key_prefix = "a b"; });
    refused([](PushOptions& o) { o.results_file = o.files.front(); });
    refused([](PushOptions& o) { o.results_file = "/dev/null"; });
    EXPECT_EQ(f.server.requests().size(), 0u);
}

TEST(Push, fails_when_the_results_cannot_be_written)
{
    Fixture f{[](const ScriptedRequest&) { return accepted(); }};
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto no_signal = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{80, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    EXPECT_THROW(push(f.options), std::system_error);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, no_signal);
}

}  // namespace
}  // namespace exchange::push
