#include "ingest/routes_fixture.hpp"

#include <gmock/gmock.h>

namespace exchange::ingest {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;
using Step = ScriptedAppender::Step;
using Door = ScriptedAuthenticator;

constexpr const char* traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string trace_id = "trace_id=4bf92f3577b34da6a3ce929d0e0e4736";

std::string header(const net::Response& response, std::string_view name)
{
    for (const auto& [field, value] : response.headers)
        if (field == name) return value;
    return {};
}

void name_it(Routes& ingest)
{
    ingest.head.fields.emplace_back("X-Correlation-Id", "order-4711");
    ingest.head.fields.emplace_back("traceparent", traceparent);
}

// What the log says meanwhile.
std::string log_of_post(Routes& ingest)
{
    CaptureStderr();
    ingest.post();
    return GetCapturedStderr();
}

TEST(Routes, tell_the_log_of_each_failure_by_the_ids_that_the_client_sent)
{
    const struct {
        Step step;
        std::string_view line;
    } cases[] = {
        {Step::no_connection, "status=503 code=postgres_unavailable correlation_id=order-4711 "},
        {Step::lose_connection, "status=503 code=commit_unknown correlation_id=order-4711 "},
        {Step::refuse, "status=500 code=internal correlation_id=order-4711 "},
        {Step::change_layout, "status=503 code=shutting_down correlation_id=order-4711 "},
    };
    for (const auto& [step, line] : cases) {
        Routes ingest;
        name_it(ingest);
        ingest.step = step;
        EXPECT_THAT(log_of_post(ingest), HasSubstr("event=request_failed " + std::string{line} +
                                                   trace_id + " left_out=0\n"));
    }
}

TEST(Routes, tell_the_log_of_what_is_refused_by_the_head_alone)
{
    Routes ingest;
    name_it(ingest);
    ingest.ready = false;
    EXPECT_THAT(log_of_post(ingest),
                HasSubstr("code=postgres_unavailable correlation_id=order-4711 " + trace_id));
}

TEST(Routes, tell_client_and_log_the_id_that_was_drawn_for_a_request_that_failed)
{
    Routes ingest;
    ingest.step = Step::lose_connection;
    CaptureStderr();
    const net::Response response = ingest.post();
    const std::string drawn = header(response, "X-Correlation-Id");
    EXPECT_THAT(drawn, MatchesRegex("[0-9a-f-]{36}"));
    EXPECT_THAT(response.body, HasSubstr("\"correlation_id\":\"" + drawn + "\""));
    EXPECT_THAT(GetCapturedStderr(),
                HasSubstr("code=commit_unknown correlation_id=" + drawn + " trace_id=\"\""));
}

TEST(Routes, name_the_record_that_postgres_refused_next_to_the_cause)
{
    Routes ingest;
    name_it(ingest);
    ingest.step = Step::refuse;
    EXPECT_THAT(log_of_post(ingest),
                HasSubstr("event=commit_refused lane=0 correlation_id=order-4711 " + trace_id +
                          " cause=\"a constraint\"\n"));
}

TEST(Routes, name_a_record_that_was_taken_by_its_trace_too)
{
    Routes ingest;
    name_it(ingest);
    EXPECT_THAT(log_of_post(ingest),
                MatchesRegex(".* event=record_taken record_id=[^ ]+ correlation_id=order-4711 " +
                             trace_id + "\n"));
}

TEST(Routes, say_of_a_token_that_expired_while_the_body_came_that_it_has_expired)
{
    Routes ingest;
    name_it(ingest);
    ingest.authenticator.verdicts = {Door::anybody(), Door::nobody("token_expired")};
    const net::Response response = ingest.post();
    EXPECT_EQ(response.status, 401u);
    EXPECT_THAT(response.body, HasSubstr("\"code\":\"token_expired\""));
    EXPECT_THAT(header(response, "WWW-Authenticate"), HasSubstr("Bearer"));
    EXPECT_EQ(header(response, "X-Correlation-Id"), "order-4711");
    EXPECT_EQ(ingest.count("unauthorized"), 1);
    EXPECT_EQ(ingest.count("forbidden"), 0);
}

TEST(Routes, count_each_refusal_once_by_its_outcome)
{
    const struct {
        std::string outcome;
        std::string code;
        void (*arrange)(Routes&);
    } cases[] = {
        {"invalid", "body_invalid", [](Routes& it) { it.body = "{}"; }},
        {"invalid", "idempotency_key_missing", [](Routes& it) { it.head.fields.clear(); }},
        {"invalid", "correlation_id_invalid",
         [](Routes& it) { it.head.fields.emplace_back("X-Correlation-Id", "short"); }},
        {"unauthorized", "token_missing",
         [](Routes& it) { it.authenticator.verdicts = {Door::nobody("token_missing")}; }},
        {"forbidden", "scope_missing",
         [](Routes& it) { it.authenticator.verdicts = {Door::somebody("clinic", {"query"})}; }},
        {"forbidden", "source_not_allowed",
         [](Routes& it) { it.authenticator.verdicts = {Door::somebody("other", {"ingest"})}; }},
        {"rate_limited", "rate_limited",
         [](Routes& it) { it.quota.take("clinic", SteadyClock::now() + std::chrono::hours{1}); }},
        {"paused", "intake_paused", [](Routes& it) { it.paused_by = "ADMIT_ROWS"; }},
        {"unavailable", "postgres_unavailable", [](Routes& it) { it.ready = false; }},
        {"unavailable", "postgres_unavailable", [](Routes& it) { it.step = Step::no_connection; }},
        {"unknown", "commit_unknown", [](Routes& it) { it.step = Step::lose_connection; }},
        {"stopping", "shutting_down", [](Routes& it) { it.step = Step::change_layout; }},
        {"internal", "internal", [](Routes& it) { it.step = Step::refuse; }},
    };
    for (const auto& [outcome, code, arrange] : cases) {
        Routes ingest;
        arrange(ingest);
        EXPECT_THAT(ingest.post().body, HasSubstr("\"code\":\"" + code + "\""));
        EXPECT_EQ(ingest.count(outcome), 1) << code;
        EXPECT_EQ(ingest.count(), 1) << code;
    }
}

TEST(Routes, count_what_a_full_queue_refuses_as_overloaded)
{
    GroupConfig none;
    none.queue_max = 0;
    Routes ingest{none};
    EXPECT_EQ(ingest.post().status, 503u);
    EXPECT_EQ(ingest.count("overloaded"), 1);
    EXPECT_EQ(ingest.count(), 1);
}

}  // namespace
}  // namespace exchange::ingest
