#include "record/event.hpp"
#include "record/problem.hpp"
#include "record/rules.hpp"
#include "record/schema_hints.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

// The module held against contracts/: what is written there is what it reads and renders.
namespace exchange::record {
namespace {

namespace json = boost::json;

std::string file(const std::string& path)
{
    std::ifstream in{EXCHANGE_SOURCE_DIR "/contracts/" + path};
    EXPECT_TRUE(in.is_open()) << path;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

json::value parsed(const std::string& path)
{
    return json::parse(file(path));
}

std::string text_of(const json::value& value)
{
    return json::value_to<std::string>(value);
}

// A golden file of exact bytes ends with a newline that is not part of them.
std::string exact(const std::string& path)
{
    std::string text = file(path);
    EXPECT_TRUE(text.ends_with('\n')) << path;
    text.pop_back();
    return text;
}

void expect_refused_as_written(Api api, const std::string& path)
{
    const json::value table = parsed(path);
    EXPECT_GT(table.as_array().size(), 0u);
    for (const json::value& example : table.as_array()) {
        const json::object& row = example.as_object();
        const std::string body =
            row.contains("text") ? text_of(row.at("text")) : json::serialize(row.at("json"));
        json::array found;
        const ParseResult result = parse_submission(api, body);
        if (const auto* const violations = std::get_if<std::vector<Violation>>(&result))
            for (const Violation& v : *violations)
                found.push_back(json::object{{"pointer", v.pointer}, {"code", v.code}});
        EXPECT_EQ(found, row.at("violations").as_array()) << row.at("name");
    }
}

TEST(Contracts, valid_examples_are_accepted)
{
    for (const char* path : {"examples/ingest-v1.json", "examples/ingest-v1-minimal.json"})
        EXPECT_EQ(parse_submission(Api::v1, file(path)).index(), 0u) << path;
    for (const char* path : {"examples/ingest-v2.json", "examples/ingest-v2-full.json"})
        EXPECT_EQ(parse_submission(Api::v2, file(path)).index(), 0u) << path;
}

TEST(Contracts, invalid_examples_are_refused_with_exactly_these_violations)
{
    expect_refused_as_written(Api::v1, "examples/ingest-v1-invalid.json");
    expect_refused_as_written(Api::v2, "examples/ingest-v2-invalid.json");
}

constexpr std::string_view sha256 =
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

RecordIngested event_of(Api api)
{
    RecordIngested event;
    event.api = api;
    // 2026-01-05T09:31:02.123456Z
    event.occurred_at_us = 1'767'605'462'123'456;
    event.correlation_id = "corr-20260105-0001";
    event.raw = {
        .bucket = "exchange-raw", .key = {}, .offset = 4096, .length = 312, .sha256_hex = sha256};
    if (api == Api::v1) {
        event.event_id = *parse_uuid("019b8f2e-7c00-7abc-8def-0123456789a1");
        event.record_id = {*parse_uuid("019b8f2e-7c00-7123-9abc-0123456789b1")};
        event.source = "clinic-7";
        event.raw.key = "bundles/02/0000000000000001024-1031-clinic-7-"
                        "80a00f0b51c6d51dc228b0b2b1f4fb3a510da55c0aaef2a956d7c488180d68f9";
        event.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    } else {
        event.event_id = *parse_uuid("019b8f2e-7c00-7abc-8def-0123456789a2");
        event.record_id = {*parse_uuid("019b8f2e-7c00-7123-9abc-0123456789b2")};
        event.source = "lab.north";
        event.kind = "lab_result";
        event.schema_hint = "partnerB.v1";
        event.raw.key = "bundles/02/0000000000000001024-1031-lab.north-"
                        "80a00f0b51c6d51dc228b0b2b1f4fb3a510da55c0aaef2a956d7c488180d68f9";
    }
    return event;
}

TEST(Contracts, events_are_rendered_byte_for_byte_as_the_examples)
{
    EXPECT_EQ(render_value(event_of(Api::v1)), exact("examples/event-v1.json"));
    EXPECT_EQ(render_value(event_of(Api::v2)), exact("examples/event-v2.json"));
}

TEST(Contracts, event_headers_are_those_of_the_examples)
{
    for (const Api api : {Api::v1, Api::v2}) {
        json::object headers;
        for (const auto& [name, value] : render_headers(event_of(api))) headers[name] = value;
        EXPECT_EQ(headers, parsed(api == Api::v1 ? "examples/event-v1-headers.json"
                                                 : "examples/event-v2-headers.json"));
    }
}

TEST(Contracts, problems_are_rendered_as_the_examples)
{
    json::array all;
    for (const ProblemKind& kind : problem_kinds)
        all.push_back(json::parse(render_problem({.code = kind.id})));
    EXPECT_EQ(all, parsed("examples/problems.json"));

    const auto body = R"({"source":"clinic 7","record_type":"claim","patient":{}})";
    const ParseResult result = parse_submission(Api::v1, body);
    EXPECT_EQ(render_problem({.code = ProblemCode::body_invalid,
                              .correlation_id = "corr-20260105-0001",
                              .violations = std::get<std::vector<Violation>>(result)}),
              exact("examples/problem-body-invalid.json"));
}

template <class Table, class Name>
void expect_enum(const json::value& schema, const Table& table, Name name)
{
    json::array names;
    for (const auto& row : table) names.emplace_back(std::invoke(name, row));
    EXPECT_EQ(schema.at("enum"), names);
}

TEST(Contracts, schemas_list_what_the_tables_declare)
{
    const json::value problem = parsed("schemas/problem.json");
    expect_enum(problem.at("properties").at("code"), problem_kinds, &ProblemKind::code);
    expect_enum(problem.at("$defs").at("violation").at("properties").at("code"), rule_texts,
                &RuleText::code);
    const json::value fields = parsed("schemas/fields.json");
    expect_enum(fields.at("$defs").at("schema_hint"), schema_hints, std::identity{});
    const std::array kinds{Kind::encounter, Kind::claim, Kind::lab_result};
    expect_enum(fields.at("$defs").at("kind"), kinds, [](Kind kind) { return to_string(kind); });
}

}  // namespace
}  // namespace exchange::record
