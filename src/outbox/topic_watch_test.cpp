#include "outbox/topic_watch.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;
using Topics = std::set<std::string>;

constexpr TimePoint start{};

TEST(TopicWatch, waits_for_the_grace_before_it_calls_a_topic_missing)
{
    TopicWatch watch{10s};
    EXPECT_EQ(watch.next({"a"}, start), Topics{});
    EXPECT_EQ(watch.next({"a", "b"}, start + 9s), Topics{});
    EXPECT_EQ(watch.next({"a", "b"}, start + 10s), Topics{"a"});
    EXPECT_EQ(watch.next({"a", "b"}, start + 19s), (Topics{"a", "b"}));
}

TEST(TopicWatch, counts_anew_when_a_topic_was_seen_between)
{
    TopicWatch watch{10s};
    watch.next({"a"}, start);
    EXPECT_EQ(watch.next({}, start + 9s), Topics{});
    EXPECT_EQ(watch.next({"a"}, start + 10s), Topics{});
    EXPECT_EQ(watch.next({"a"}, start + 20s), Topics{"a"});
    EXPECT_EQ(watch.next({}, start + 21s), Topics{});
}

}  // namespace
}  // namespace exchange::outbox
