#include "record/event.hpp"

#include "record/json_text.hpp"

#include <gtest/gtest.h>

namespace exchange::record {
namespace {

TEST(RenderTime, is_rfc_3339_with_microseconds)
{
    EXPECT_EQ(render_time(0), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(render_time(1), "1970-01-01T00:00:00.000001Z");
    EXPECT_EQ(render_time(-1), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(render_time(951'827'696'789'012), "2000-02-29T12:34:56.789012Z");
    EXPECT_EQ(render_time(1'767'225'600'000'000), "2026-01-01T00:00:00.000000Z");
}

TEST(JsonText, escapes_what_must_be_escaped_and_nothing_else)
{
    std::string out;
    append_json_string(out, std::string_view{"a\"b\\c/\n\r\t\0\x1f\x7f \xc3\xa9", 15});
    EXPECT_EQ(out, "\"a\\\"b\\\\c/\\n\\r\\t\\u0000\\u001f\x7f \xc3\xa9\"");
}

TEST(Event, topic_names_the_version)
{
    EXPECT_EQ(topic(Api::v1), "record.ingested.v1");
    EXPECT_EQ(topic(Api::v2), "record.ingested.v2");
}

TEST(Event, has_no_traceparent_header_when_there_was_none)
{
    const auto headers = render_headers(RecordIngested{.source = "s"});
    ASSERT_EQ(headers.size(), 7u);
    EXPECT_EQ(headers.back().first, "content-type");
}

}  // namespace
}  // namespace exchange::record
