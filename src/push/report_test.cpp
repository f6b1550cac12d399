#include "push/push.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::push {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PushReport ended(PushEnd end)
{
    PushReport report;
    report.end = end;
    return report;
}

TEST(Report, maps_each_end_to_its_exit_code)
{
    EXPECT_EQ(exit_code(ended(PushEnd::complete)), 0);
    EXPECT_EQ(exit_code(ended(PushEnd::wrong_server)), 2);
    EXPECT_EQ(exit_code(ended(PushEnd::gave_up)), 5);
    EXPECT_EQ(exit_code(ended(PushEnd::token_refused)), 6);
    EXPECT_EQ(exit_code(ended(PushEnd::interrupted)), 130);
    PushReport rejected;
    rejected.rejected = 1;
    EXPECT_EQ(exit_code(rejected), 3);
    PushReport rejected_before;
    rejected_before.skipped = rejected_before.rejected_before = 1;
    EXPECT_EQ(exit_code(rejected_before), 3);
}

TEST(Report, is_one_json_document)
{
    PushReport report = ended(PushEnd::gave_up);
    report.lines = 9;
    report.accepted = 3;
    report.replayed = 1;
    report.rejected = 2;
    report.too_long = 1;
    report.skipped = 1;
    report.unfinished = 2;
    report.retries = 4;
    report.bytes = 100;
    report.seconds = 1.5;
    report.detail = "503 \"overloaded\"";
    report.rejected_by_code = {{"400 body_invalid", 1}, {"413 payload_too_large", 1}};
    EXPECT_EQ(render_json(report),
              R"({"end":"gave_up","lines":9,"sent":5,"accepted":3,"replayed":1,"rejected":2,)"
              R"("too_long":1,"skipped":1,"rejected_before":0,"unfinished":2,"blank":0,)"
              R"("retries":4,"bytes":100,"seconds":1.500,"detail":"503 \"overloaded\"",)"
              R"("rejected_by_code":{"400 body_invalid":1,"413 payload_too_large":1}})"
              "\n");
}

TEST(Report, tells_people_what_was_rejected_and_where)
{
    PushReport report;
    report.lines = 3;
    report.rejected = 2;
    report.accepted = 1;
    report.rejected_by_code = {{"400 body_invalid", 2}};
    report.first_rejected = {"a.ndjson line 2: 400 body_invalid: /patient/dob date_invalid"};
    const std::string text = render_text(report, PushOptions{});
    EXPECT_THAT(text, HasSubstr("  rejected              2  2 × 400 body_invalid\n"));
    EXPECT_THAT(text,
                HasSubstr("  a.ndjson line 2: 400 body_invalid: /patient/dob date_invalid\n"));
    EXPECT_THAT(text, HasSubstr("--results FILE lists each of them"));
    EXPECT_THAT(text, Not(HasSubstr("resume")));
}

TEST(Report, ends_an_interrupted_push_with_the_command_that_resumes_it)
{
    PushOptions options;
    options.files = {"a b.ndjson", "it's"};
    options.results_file = "r.ndjson";
    options.give_up_after = std::chrono::seconds{90};
    options.api = "v2";
    options.connections = 32;
    options.token = "secret";
    options.token_env = "TOKEN";
    options.key_prefix = "lab";
    const std::string text = render_text(ended(PushEnd::interrupted), options);
    EXPECT_THAT(text,
                HasSubstr("resume with: exchange push --url http://127.0.0.1:8080 --api v2 "
                          "--token-env TOKEN --connections 32 --key-prefix lab --give-up-after 90 "
                          "--results r.ndjson 'a b.ndjson' 'it'\\''s'\n"));
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    options.files = {"-"};
    EXPECT_THAT(render_text(ended(PushEnd::interrupted), options),
                HasSubstr("resume, with the same input, by: exchange push "));
}

TEST(Report, says_why_a_push_stopped)
{
    PushReport report = ended(PushEnd::token_refused);
    report.detail = "401 token_expired (a line 1)";
    EXPECT_THAT(render_text(report, PushOptions{}),
                HasSubstr("stopped: the server refuses the token: 401 token_expired (a line 1)\n"));
}

TEST(Report, knows_this_machine)
{
    for (const char* url :
         {"http://127.0.0.1:8080", "http://127.8.0.1", "http://[::1]:1", "https://localhost"})
        EXPECT_TRUE(is_loopback(url)) << url;
    for (const char* url : {"http://10.0.0.1", "http://localhost.example.org", "https://exchange"})
        EXPECT_FALSE(is_loopback(url)) << url;
    EXPECT_THROW(is_loopback("http://a/path"), PushUsageError);
}

}  // namespace
}  // namespace exchange::push
