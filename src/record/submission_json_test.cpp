#include "record/submission.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

// What is JSON and what is not, held against RFC 8259: the payload stands for any value.
namespace exchange::record {
namespace {

using namespace std::string_literals;

std::string with_value(std::string_view value)
{
    return fmt::format(R"({{"source":"s","record_type":"claim","patient":)"
                       R"({{"first_name":"A","last_name":"E","dob":"1990-01-31"}},)"
                       R"("payload":{{"v":{}}}}})",
                       value);
}

// The code of the only violation; empty when the value is accepted.
std::string verdict(std::string_view value)
{
    const ParseResult result = parse_submission(Api::v1, with_value(value));
    const auto* const violations = std::get_if<std::vector<Violation>>(&result);
    if (violations == nullptr) return "";
    EXPECT_EQ(violations->size(), 1u) << value;
    return violations->front().code;
}

TEST(SubmissionJson, accepts_what_the_rfc_accepts)
{
    const std::string values[] = {
        "0",
        "-0",
        "1",
        "-1",
        "0.5",
        "-0.5e-7",
        "1E+2",
        "1e308",
        "-1.7976931348623157e308",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "0.00000000000000000000000000000000000000000000000000000001e60",
        "123456789012345678901234567890",
        "0e400",
        "true",
        "false",
        "null",
        R"("")",
        R"("\"\\\/\b\f\n\r\t")",
        R"("\u00e9\ud834\udd1e")",
        "\"\xf4\x8f\xbf\xbf\"",
        "[]",
        "{}",
        " [ 1 , { \"a\" : \t 2 } ] ",
        "[[],[[]]]",
    };
    for (const std::string& value : values) EXPECT_EQ(verdict(value), "") << value;
}

TEST(SubmissionJson, refuses_what_is_no_json)
{
    const std::string values[] = {
        "",
        "01",
        "-",
        "-01",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "True",
        "undefined",
        "'a'",
        R"("\x41")",
        R"("\u12g4")",
        R"("\U0001")",
        "\"\t\"",
        "\"\n\"",
        "\"\0\""s,
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        R"({"a":1,})",
        R"({"a"})",
        R"({a:1})",
        R"({"a":1 "b":2})",
        R"({1:1})",
        "/* c */ 1",
        "1 // c",
        "[1}",
    };
    for (const std::string& value : values) EXPECT_EQ(verdict(value), "json_invalid") << value;
}

TEST(SubmissionJson, refuses_what_is_no_unicode)
{
    const std::string values[] = {
        // Lone surrogates, escaped and raw; overlong forms; beyond U+10FFFF; torn sequences.
        R"("\ud800")",
        R"("\udc00")",
        R"("\ud800\ud800")",
        R"("\ud800x")",
        R"("\ud800\n")",
        "\"\xed\xa0\x80\"",
        "\"\xed\xbf\xbf\"",
        "\"\xc0\x80\"",
        "\"\xc1\xbf\"",
        "\"\xe0\x80\x80\"",
        "\"\xf0\x80\x80\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\x80\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xe2\x82\"",
        "\"\xf0\x9f\x98\"",
        "\xc3\xa9",
        R"({"\ud800":1})",
        "{\"\xff\":1}",
    };
    for (const std::string& value : values) EXPECT_EQ(verdict(value), "json_invalid") << value;
}

TEST(SubmissionJson, refuses_numbers_that_no_reader_could_hold)
{
    for (const std::string_view value :
         {"1e309", "-1e309", "1.7976931348623159e308", "1e99999999999999999999"})
        EXPECT_EQ(verdict(value), "number_out_of_range") << value;
    EXPECT_EQ(verdict('1' + std::string(400, '0')), "number_out_of_range");
}

TEST(SubmissionJson, tells_an_empty_body_and_a_torn_one_apart)
{
    const std::string whole = with_value("[1,\"a\\n\",{\"b\":1.5e3}]");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const ParseResult result = parse_submission(Api::v1, {whole.data(), size});
        const auto& violations = std::get<std::vector<Violation>>(result);
        EXPECT_EQ(violations.back().code, size == 0 ? "body_empty" : "json_incomplete") << size;
    }
    for (const std::string_view blank : {"", " ", "\r\n\t ", "\xef\xbb\xbf"})
        EXPECT_EQ(std::get<1>(parse_submission(Api::v1, blank)).back().code, "body_empty");
}

TEST(SubmissionJson, only_white_space_may_follow)
{
    EXPECT_TRUE(std::holds_alternative<Submission>(
        parse_submission(Api::v1, " \r\n\t" + with_value("1") + "\r\n \t")));
    for (const std::string& after : {"x"s, "{}"s, ","s, "\0"s, "\n}"s, " \xef\xbb\xbf"s}) {
        const ParseResult result = parse_submission(Api::v1, with_value("1") + after);
        EXPECT_EQ(std::get<1>(result).front().code, "trailing_data");
    }
}

}  // namespace
}  // namespace exchange::record
