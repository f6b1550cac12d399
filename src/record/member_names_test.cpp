#include "record/member_names.hpp"

#include <gtest/gtest.h>

namespace exchange::record {
namespace {

// What both ways of telling say together, for one object.
std::vector<std::uint32_t> repetitions(const std::vector<std::string>& names)
{
    MemberNames set;
    set.open_object();
    std::vector<std::uint32_t> told;
    for (std::uint32_t i = 0; i < names.size(); ++i)
        if (set.add(names[i], i)) told.push_back(i);
    const auto late = set.close_object();
    told.insert(told.end(), late.begin(), late.end());
    return told;
}

std::vector<std::string> distinct(std::size_t count)
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("m" + std::to_string(i));
    return names;
}

TEST(MemberNames, tells_nothing_of_distinct_names)
{
    for (const std::size_t count : {0u, 1u, 16u, 17u, 18u, 1000u})
        EXPECT_TRUE(repetitions(distinct(count)).empty()) << count;
}

TEST(MemberNames, tells_each_repetition_once_whatever_the_size)
{
    for (const std::size_t count : {1u, 15u, 16u, 17u, 18u, 1000u}) {
        auto names = distinct(count);
        names.push_back("m0");
        names.push_back("other");
        names.push_back("m0");
        const auto first = static_cast<std::uint32_t>(count);
        EXPECT_EQ(repetitions(names), (std::vector<std::uint32_t>{first, first + 2})) << count;
    }
}

TEST(MemberNames, compares_names_exactly)
{
    EXPECT_TRUE(repetitions({"a", "A", "", "aa", "\xc3\xa9", "e\xcc\x81"}).empty());
    EXPECT_EQ(repetitions({"", "x", ""}), std::vector<std::uint32_t>{2});
}

TEST(MemberNames, keeps_objects_within_objects_apart)
{
    MemberNames set;
    set.open_object();
    EXPECT_FALSE(set.add("a", 1));
    set.open_object();
    EXPECT_FALSE(set.add("a", 2));
    EXPECT_TRUE(set.add("a", 3));
    EXPECT_TRUE(set.close_object().empty());
    EXPECT_FALSE(set.add("b", 4));
    EXPECT_TRUE(set.add("a", 5));
    EXPECT_TRUE(set.close_object().empty());
}

}  // namespace
}  // namespace exchange::record
