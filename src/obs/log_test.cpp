#include "obs/log.hpp"

#include "base/pii.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <type_traits>

namespace exchange::obs {
namespace {

// P8: identity does not even compile into a log line.
static_assert(!std::is_constructible_v<Field, std::string_view, Pii>);
static_assert(!std::is_constructible_v<Field, std::string_view, const Pii&>);

using testing::EndsWith;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

std::string written(LogFormat format, std::initializer_list<Field> fields)
{
    CaptureStderr();
    Log{format, LogLevel::info}.warn("lane_lost", fields);
    return GetCapturedStderr();
}

TEST(Log, writes_time_level_event_and_fields_as_logfmt)
{
    EXPECT_THAT(written(LogFormat::logfmt, {{"lane", 3}, {"ok", true}, {"cause", "refused"}}),
                testing::MatchesRegex("ts=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                                      "\\.[0-9]{3}Z level=warn event=lane_lost "
                                      "lane=3 ok=true cause=refused\n"));
}

TEST(Log, writes_one_json_object_a_line)
{
    EXPECT_THAT(written(LogFormat::json, {{"lane", 3}, {"ok", false}, {"s", 0.5}, {"cause", "a"}}),
                EndsWith(",\"level\":\"warn\",\"event\":\"lane_lost\","
                         "\"lane\":3,\"ok\":false,\"s\":0.5,\"cause\":\"a\"}\n"));
}

TEST(Log, quotes_and_escapes_what_could_forge_a_line_or_a_field)
{
    const struct {
        std::string_view value;
        std::string_view logfmt;
    } cases[] = {
        {"plain", "plain"},
        {"", R"("")"},
        {"two words", R"("two words")"},
        {"a=b", R"("a=b")"},
        {"a\nlevel=error", R"("a\nlevel=error")"},
        {"say \"x\"", R"("say \"x\"")"},
        {"back\\slash", R"("back\\slash")"},
        {"\r\x1b[31m", R"("\u000d\u001b[31m")"},
    };
    for (const auto& [value, expected] : cases) {
        EXPECT_THAT(written(LogFormat::logfmt, {{"v", value}}),
                    EndsWith(" v=" + std::string{expected} + "\n"));
    }
    EXPECT_THAT(written(LogFormat::json, {{"v", "a\n\"b\""}}), EndsWith(R"("v":"a\n\"b\""})"
                                                                        "\n"));
}

TEST(Log, writes_numbers_json_does_not_know_as_text)
{
    EXPECT_THAT(written(LogFormat::json, {{"v", std::numeric_limits<double>::infinity()}}),
                EndsWith(R"("v":"inf"})"
                         "\n"));
}

TEST(Log, drops_lines_below_the_least_level)
{
    CaptureStderr();
    Log log{LogFormat::logfmt, LogLevel::warn};
    log.debug("one");
    log.info("two");
    log.error("three");
    EXPECT_THAT(GetCapturedStderr(), EndsWith("level=error event=three\n"));
}

TEST(Log, keeps_lines_of_many_threads_whole)
{
    CaptureStderr();
    {
        Log log{LogFormat::logfmt, LogLevel::info};
        const std::string filler(8000, 'x');
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 25; ++n) log.info("e", {{"filler", filler}});
            });
    }
    const std::string all = GetCapturedStderr();
    EXPECT_EQ(std::ranges::count(all, '\n'), 100);
    for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1)
        ASSERT_EQ(all.compare(at, 3, "ts="), 0);
}

}  // namespace
}  // namespace exchange::obs
