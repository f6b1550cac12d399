#include "push/result_line.hpp"

#include <gtest/gtest.h>

namespace exchange::push {
namespace {

Line line_number(std::uint64_t number)
{
    Line line;
    line.number = number;
    line.bytes = "canary";
    return line;
}

TEST(ResultLine, says_which_record_a_line_became)
{
    Answer answer;
    answer.verdict = Verdict::accepted;
    answer.status = 202;
    answer.record_id = "r1";
    answer.replayed = true;
    EXPECT_EQ(render_result("a \"b\".ndjson", line_number(7), "push-1", answer),
              R"({"file":"a \"b\".ndjson","line":7,"key":"push-1","status":202,)"
              R"("record_id":"r1","replayed":true})"
              "\n");
}

TEST(ResultLine, says_why_a_line_was_rejected_and_nothing_of_its_body)
{
    Answer answer;
    answer.verdict = Verdict::rejected;
    answer.status = 400;
    answer.code = "body_invalid";
    answer.errors = {{"/patient/dob", "date_invalid"}, {"", "json_invalid"}};
    EXPECT_EQ(render_result("a", line_number(8), "push-1", answer),
              R"({"file":"a","line":8,"key":"push-1","status":400,"code":"body_invalid",)"
              R"("errors":[{"pointer":"/patient/dob","code":"date_invalid"},)"
              R"({"pointer":"","code":"json_invalid"}]})"
              "\n");
}

TEST(ResultLine, reads_what_it_wrote)
{
    const std::optional<PastResult> result =
        parse_result(render_result("\xff.ndjson", line_number(1), "push-1", too_long()));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->key, "push-1");
    EXPECT_EQ(result->status, 413u);
    const ResultsHeader header{"http://127.0.0.1:8080/v1/ingest", "p\"x"};
    EXPECT_EQ(parse_header(render_header(header)), header);
}

TEST(ResultLine, reads_no_other_text)
{
    for (const char* text : {"", "{", "7", "[]", "{}", R"({"key":"k"})", R"({"status":202})",
                             R"({"key":7,"status":202})", R"({"key":"k","status":"202"})",
                             R"({"key":"k","status":99})", R"({"key":"k","status":600})"})
        EXPECT_FALSE(parse_result(text)) << text;
    for (const char* text : {"", "{}", "[]", R"({"push":7})", R"({"push":{"target":"t"}})",
                             R"({"push":{"key_prefix":"k"}})"})
        EXPECT_FALSE(parse_header(text)) << text;
}

}  // namespace
}  // namespace exchange::push
