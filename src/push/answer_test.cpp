#include "push/answer.hpp"

#include <gtest/gtest.h>

namespace exchange::push {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t noon = 1'767'268'800;  // Thu, 01 Jan 2026 12:00:00 GMT

net::ClientResponse response(unsigned status, std::string body = "",
                             std::vector<std::pair<std::string, std::string>> headers = {})
{
    return {status, std::move(headers), std::move(body)};
}

TEST(Answer, takes_202_with_a_record_id_as_accepted)
{
    const Answer answer = judge(response(202, R"({"record_id":"r1","correlation_id":"c"})"), noon);
    EXPECT_EQ(answer.verdict, Verdict::accepted);
    EXPECT_EQ(answer.record_id, "r1");
    EXPECT_FALSE(answer.replayed);
}

TEST(Answer, sees_that_an_answer_was_replayed)
{
    const Answer answer =
        judge(response(202, R"({"record_id":"r1"})", {{"idempotent-replayed", "true"}}), noon);
    EXPECT_TRUE(answer.replayed);
}

TEST(Answer, takes_where_and_which_rule_from_a_problem_and_no_text)
{
    const Answer answer = judge(
        response(400, R"({"code":"body_invalid","detail":"canary","errors":[)"
                      R"({"pointer":"/patient/dob","code":"date_invalid","detail":"canary"}]})"),
        noon);
    EXPECT_EQ(answer.verdict, Verdict::rejected);
    EXPECT_EQ(answer.code, "body_invalid");
    EXPECT_EQ(answer.reason, "400 body_invalid");
    ASSERT_EQ(answer.errors.size(), 1u);
    EXPECT_EQ(answer.errors[0].pointer, "/patient/dob");
    EXPECT_EQ(answer.errors[0].code, "date_invalid");
}

TEST(Answer, names_the_status_when_there_is_no_problem_to_read)
{
    for (const char* body : {"", "<html>", "[]", "7", R"({"code":7})", R"({"errors":[7,{}]})"})
        EXPECT_EQ(judge(response(422, body), noon).code, "http_422") << body;
}

TEST(Answer, holds_no_more_errors_and_no_longer_texts_than_allowed)
{
    std::string body = R"({"code":")" + std::string(255, 'a') + "\u00e4" + R"(","errors":[)";
    for (int i = 0; i < 30; ++i) body += R"({"pointer":"/p","code":"c"},)";
    body.back() = ']';
    const Answer answer = judge(response(400, body + "}"), noon);
    EXPECT_EQ(answer.code, std::string(255, 'a'));
    EXPECT_EQ(answer.errors.size(), 20u);
}

TEST(Answer, knows_what_each_status_means)
{
    const std::vector<std::pair<unsigned, Verdict>> table{
        {200, Verdict::wrong_server},  {202, Verdict::wrong_server}, {204, Verdict::wrong_server},
        {302, Verdict::wrong_server},  {400, Verdict::rejected},     {401, Verdict::token_refused},
        {403, Verdict::token_refused}, {404, Verdict::wrong_server}, {405, Verdict::wrong_server},
        {408, Verdict::retry},         {409, Verdict::rejected},     {413, Verdict::rejected},
        {415, Verdict::rejected},      {429, Verdict::retry},        {431, Verdict::rejected},
        {500, Verdict::retry},         {502, Verdict::retry},        {503, Verdict::retry},
        {504, Verdict::retry}};
    for (const auto& [status, verdict] : table)
        EXPECT_EQ(judge(response(status), noon).verdict, verdict) << status;
}

TEST(RetryAfter, reads_seconds_and_dates)
{
    EXPECT_EQ(parse_retry_after("0", noon), 0s);
    EXPECT_EQ(parse_retry_after("7", noon), 7s);
    EXPECT_EQ(parse_retry_after("Thu, 01 Jan 2026 12:00:30 GMT", noon), 30s);
    EXPECT_EQ(parse_retry_after("Thu, 01 Jan 2026 11:00:00 GMT", noon), 0s);
    EXPECT_EQ(parse_retry_after("99999999999", noon), 24h);
    EXPECT_EQ(parse_retry_after("-5", noon), 0s);
    for (const char* text : {"", "soon", "7 s", "1.5", "99999999999999999999"})
        EXPECT_FALSE(parse_retry_after(text, noon)) << text;
}

TEST(Pause, doubles_up_to_five_seconds)
{
    EXPECT_EQ(pause_before_retry(1, {}, 0), 100ms);
    EXPECT_EQ(pause_before_retry(2, {}, 0), 200ms);
    EXPECT_EQ(pause_before_retry(6, {}, 0), 3200ms);
    EXPECT_EQ(pause_before_retry(7, {}, 0), 5s);
    EXPECT_EQ(pause_before_retry(4'000'000'000, {}, 0), 5s);
    EXPECT_EQ(pause_before_retry(7, {}, 1), 2500ms);
}

TEST(Pause, is_never_shorter_than_the_server_asks_within_reason)
{
    EXPECT_EQ(pause_before_retry(9, 2s, 0), 2s);
    EXPECT_EQ(pause_before_retry(1, 2s, 1), 2500ms);
    EXPECT_EQ(pause_before_retry(1, 1h, 0), 5min);
    EXPECT_EQ(pause_before_retry(1, 0s, 0), 100ms);
}

}  // namespace
}  // namespace exchange::push
