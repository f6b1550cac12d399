#include "record/submission.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

namespace exchange::record {

void PrintTo(const Violation& violation, std::ostream* out)
{
    *out << violation.pointer << ' ' << violation.code << " (" << violation.text << ')';
}

namespace {

using Found = std::vector<std::pair<std::string, std::string>>;

// Pointer and code of each violation; nothing when the body is accepted.
Found found(Api api, std::string_view body)
{
    const ParseResult result = parse_submission(api, body);
    Found pairs;
    if (const auto* const violations = std::get_if<std::vector<Violation>>(&result))
        for (const Violation& v : *violations) pairs.emplace_back(v.pointer, v.code);
    return pairs;
}

constexpr std::string_view patient =
    R"({"first_name":"Ada","last_name":"Example","dob":"1990-01-31"})";

// A valid v1 body but for the given parts.
std::string v1(std::string_view patient_json, std::string_view payload_json,
               std::string_view more = "")
{
    return fmt::format(
        R"({{"source":"clinic-7","record_type":"claim","patient":{},"payload":{}{}}})",
        patient_json, payload_json, more);
}

TEST(Submission, v1_tells_source_and_kind)
{
    const ParseResult result = parse_submission(Api::v1, v1(patient, R"({"any":[1,{"x":null}]})"));
    const auto& submission = std::get<Submission>(result);
    EXPECT_EQ(submission.source, "clinic-7");
    EXPECT_EQ(submission.kind, Kind::claim);
    EXPECT_EQ(submission.schema_hint, "");
}

TEST(Submission, v2_tells_source_kind_and_schema_hint)
{
    const ParseResult result = parse_submission(Api::v2, R"({"schema_hint":"partnerA.v2",
        "patient":{"ssn":"123-45-6789","dob":"1990-01-31","family_name":"E","given_name":"A"},
        "payload":{},"record_kind":"lab_result","source":"lab"})");
    const auto& submission = std::get<Submission>(result);
    EXPECT_EQ(submission.source, "lab");
    EXPECT_EQ(submission.kind, Kind::lab_result);
    EXPECT_EQ(submission.schema_hint, "partnerA.v2");
}

TEST(Submission, members_may_be_written_with_escapes)
{
    EXPECT_EQ(found(Api::v1, R"({"s\u006furce":"clinic\u002d7","record_type":"c\u006caim",
        "patient":{"first_name":"A\ud83d\ude00","last_name":"\u00c9","dob":"1990\u002d01-31"},
        "payload":{}})"),
              Found{});
}

TEST(Submission, refuses_each_wrong_member_where_it_stands)
{
    struct Case {
        std::string_view patient;
        std::string_view payload;
        Found expected;
    };
    const Case cases[] = {
        {R"("x")", "{}", {{"/patient", "object_expected"}}},
        {"null", "{}", {{"/patient", "object_expected"}}},
        {"[]", "{}", {{"/patient", "object_expected"}}},
        {patient, "[]", {{"/payload", "object_expected"}}},
        {patient, "null", {{"/payload", "object_expected"}}},
        {patient, "1", {{"/payload", "object_expected"}}},
        {patient, R"("text")", {{"/payload", "object_expected"}}},
        {R"({"first_name":1,"last_name":["E"],"dob":{"y":1},"ssn":null})",
         "{}",
         {{"/patient/first_name", "string_expected"},
          {"/patient/last_name", "string_expected"},
          {"/patient/dob", "string_expected"},
          {"/patient/ssn", "string_expected"}}},
        {R"({"first_name":" ","last_name":"","dob":"1990-02-30","ssn":"12-345-6789"})",
         "{}",
         {{"/patient/first_name", "name_invalid"},
          {"/patient/last_name", "name_invalid"},
          {"/patient/dob", "date_invalid"},
          {"/patient/ssn", "ssn_invalid"}}},
        {R"({"dob":"1990-01-31","middle_name":"Q"})",
         "{}",
         {{"/patient/*", "member_unknown"},
          {"/patient/first_name", "member_missing"},
          {"/patient/last_name", "member_missing"}}},
        {R"({"first_name":"A","last_name":"B","dob":"1990-01-31","dob":7})",
         "{}",
         {{"/patient/dob", "member_duplicate"}}},
        {patient,
         R"({"a":1,"b":[{"c":1,"c":2}],"a":[]})",
         {{"/payload/*/0/*", "member_duplicate"}, {"/payload/*", "member_duplicate"}}},
        {patient, R"({"a":[0,[1,"\u0000"]]})", {{"/payload/*/1/1", "nul_character"}}},
        {patient, R"({"\u0000":1})", {{"/payload/*", "nul_character"}}},
        {R"({"first_name":"\u0000","last_name":"E","dob":"1990-01-31"})",
         "{}",
         {{"/patient/first_name", "nul_character"}}},
        {patient,
         R"({"a":[1e400,-1e400,1e-400,18446744073709551616]})",
         {{"/payload/*/0", "number_out_of_range"}, {"/payload/*/1", "number_out_of_range"}}},
    };
    for (const Case& c : cases) {
        const std::string body = v1(c.patient, c.payload);
        EXPECT_EQ(found(Api::v1, body), c.expected) << body;
    }
}

TEST(Submission, reports_everything_at_once_in_document_order_then_what_is_missing)
{
    EXPECT_EQ(found(Api::v2, R"({"record_type":"claim","source":"a b","record_kind":"Claim",
        "schema_hint":"partnerC.v1","patient":{"given_name":"A","dob":"31.01.1990"},
        "source":"again"})"),
              (Found{{"/*", "member_unknown"},
                     {"/source", "source_invalid"},
                     {"/record_kind", "kind_unknown"},
                     {"/schema_hint", "schema_hint_unknown"},
                     {"/patient/dob", "date_invalid"},
                     {"/source", "member_duplicate"},
                     {"/patient/family_name", "member_missing"},
                     {"/payload", "member_missing"}}));
}

TEST(Submission, requires_every_member_but_ssn)
{
    EXPECT_EQ(found(Api::v1, "{}"), (Found{{"/source", "member_missing"},
                                           {"/record_type", "member_missing"},
                                           {"/patient", "member_missing"},
                                           {"/payload", "member_missing"}}));
    EXPECT_EQ(found(Api::v2, "{}").size(), 5u);
}

TEST(Submission, versions_do_not_mix)
{
    EXPECT_EQ(found(Api::v2, v1(patient, "{}")).size(), 1u + 2u + 2u + 2u);
}

TEST(Submission, body_must_be_an_object)
{
    for (const std::string_view body : {"[]", "[{\"a\":[1]}]", "null", "true", "1", "\"x\""})
        EXPECT_EQ(found(Api::v1, body), (Found{{"", "object_expected"}})) << body;
}

TEST(Submission, nesting_ends_at_32)
{
    // The body and the payload are the first two.
    const auto nested = [](std::size_t arrays) {
        return v1(patient, R"({"a":)" + std::string(arrays, '[') + std::string(arrays, ']') + "}");
    };
    EXPECT_EQ(found(Api::v1, nested(30)), Found{});
    EXPECT_EQ(found(Api::v1, nested(31)), (Found{{"", "nesting_too_deep"}}));
    EXPECT_EQ(found(Api::v1, nested(100'000)), (Found{{"", "nesting_too_deep"}}));
}

TEST(Submission, what_was_found_before_the_text_breaks_is_reported_too)
{
    EXPECT_EQ(found(Api::v1, R"({"source":"a b","record_type":)"),
              (Found{{"/source", "source_invalid"}, {"", "json_incomplete"}}));
    EXPECT_EQ(found(Api::v1, R"({"source":"a b" "record_type":"claim"})"),
              (Found{{"/source", "source_invalid"}, {"", "json_invalid"}}));
    EXPECT_EQ(found(Api::v1, "\xef\xbb\xbf" + v1(patient, "[]")),
              (Found{{"", "byte_order_mark"}, {"/payload", "object_expected"}}));
    EXPECT_EQ(found(Api::v1, v1(patient, "{}") + "{}"), (Found{{"", "trailing_data"}}));
}

TEST(Submission, says_at_which_byte_the_text_breaks)
{
    const ParseResult result = parse_submission(Api::v1, R"({"source":x})");
    const auto& violations = std::get<std::vector<Violation>>(result);
    EXPECT_EQ(violations.front().text, "not JSON in UTF-8 (RFC 8259) (at byte 10)");
}

TEST(Submission, stops_at_100_violations)
{
    std::string unknown;
    for (int i = 0; i < 1000; ++i) unknown += fmt::format(R"(,"u{}":0)", i);
    const Found all = found(Api::v1, v1("{}", "{}", unknown));
    EXPECT_EQ(all.size(), 100u);
    EXPECT_EQ(all.front(), (Found::value_type{"/*", "member_unknown"}));

    std::string repeated;
    for (int i = 0; i < 1000; ++i) repeated += fmt::format(R"({}"u{}":0)", i > 0 ? "," : "", i / 2);
    EXPECT_EQ(found(Api::v1, v1(patient, '{' + repeated + '}')),
              Found(100, {"/payload/*", "member_duplicate"}));
}

// P8: a name in the body can be identity as well as a value can.
TEST(Submission, never_says_a_value_or_an_unknown_name)
{
    const std::string_view bodies[] = {
        R"({"canary":"canary","source":"canary canary","record_type":"canary","patient":
            {"first_name":"canary\u0001","last_name":"\u0000canary","dob":"canary","ssn":"canary",
            "canary":{"canary":1}},"payload":{"canary":1,"canary":"canary\u0000"},"canary":1})",
        R"({"canary":canary})",
        R"("canary")",
        "canary",
    };
    for (const std::string_view body : bodies) {
        const ParseResult result = parse_submission(Api::v1, body);
        for (const Violation& v : std::get<std::vector<Violation>>(result)) {
            EXPECT_EQ(v.pointer.find("canary"), std::string::npos) << v.pointer;
            EXPECT_EQ(v.text.find("canary"), std::string::npos) << v.text;
        }
    }
}

TEST(Submission, long_strings_and_names_are_read_whole)
{
    const std::string longer(100'000, 'x');
    const std::string escaped = "\\u00e9" + longer;
    EXPECT_EQ(found(Api::v1, v1(patient, fmt::format(R"({{"{0}":"{0}"}})", escaped))), Found{});
    EXPECT_EQ(found(Api::v1, v1(patient, fmt::format(R"({{"{0}1":1,"{0}2":2}})", escaped))),
              Found{});
    EXPECT_EQ(found(Api::v1, v1(patient, fmt::format(R"({{"{0}1":1,"{0}1":2}})", escaped))),
              (Found{{"/payload/*", "member_duplicate"}}));
    EXPECT_EQ(found(Api::v1, fmt::format(R"({{"source":"{}"}})", escaped)).front(),
              (Found::value_type{"/source", "source_invalid"}));
    EXPECT_EQ(found(Api::v1, v1(patient, fmt::format(R"({{"a":"{}\u0000"}})", escaped))),
              (Found{{"/payload/*", "nul_character"}}));
}

// A quadratic search would take minutes here; the bound leaves room for sanitizers.
TEST(Submission, half_a_million_members_cost_no_more_than_their_number)
{
    std::string members;
    for (int i = 0; i < 500'000; ++i) members += fmt::format(R"("m{}":0,)", i);
    const std::string body = v1(patient, '{' + members + R"("last":0,"m250000":1})");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(found(Api::v1, body), (Found{{"/payload/*", "member_duplicate"}}));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{20});
}

}  // namespace
}  // namespace exchange::record
