#include "push/line_key.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>

namespace exchange::push {
namespace {

std::vector<std::string> keys_of(const std::vector<std::string>& lines)
{
    KeyMaker maker;
    std::vector<std::string> keys;
    for (const std::string& line : lines) keys.push_back(to_string(maker.key_of(line), "push"));
    return keys;
}

TEST(LineKey, is_the_first_half_of_the_sha256_of_the_bytes)
{
    // The digest of "abc" in FIPS 180.
    EXPECT_EQ(keys_of({"abc"}).front(), "push-ba7816bf8f01cfea414140de5dae2223");
}

TEST(LineKey, tells_equal_lines_of_one_input_apart_by_their_count)
{
    const std::vector<std::string> keys = keys_of({"abc", "x", "abc", "abc"});
    EXPECT_EQ(keys[2], keys[0] + "-2");
    EXPECT_EQ(keys[3], keys[0] + "-3");
}

TEST(LineKey, does_not_depend_on_where_the_line_stands)
{
    const std::vector<std::string> one = keys_of({"a", "b", "a"});
    const std::vector<std::string> other = keys_of({"b", "a", "c", "a"});
    EXPECT_EQ(one[0], other[1]);
    EXPECT_EQ(one[1], other[0]);
    EXPECT_EQ(one[2], other[3]);
}

TEST(LineKey, reads_what_it_wrote)
{
    KeyMaker maker;
    for (int i = 0; i < 3; ++i) {
        const LineKey key = maker.key_of("same");
        EXPECT_EQ(parse_line_key(to_string(key, "p-1"), "p-1"), key);
    }
}

TEST(LineKey, reads_no_other_text)
{
    const std::string good = "push-ba7816bf8f01cfea414140de5dae2223";
    ASSERT_TRUE(parse_line_key(good, "push"));
    for (const std::string& text :
         {std::string{}, std::string{"push"}, std::string{"push-"}, good.substr(1), good + "-",
          good + "-1", good + "-0", good + "-x", good + "-2x", good + "2", good + "-4294967296",
          std::string{"push-za7816bf8f01cfea414140de5dae2223"}})
        EXPECT_FALSE(parse_line_key(text, "push")) << text;
    EXPECT_FALSE(parse_line_key(good, "pusH"));
    EXPECT_FALSE(parse_line_key(good, "pus"));
}

TEST(LineKey, takes_prefixes_that_leave_the_key_a_valid_one)
{
    EXPECT_TRUE(valid_key_prefix("p"));
    EXPECT_TRUE(valid_key_prefix(std::string(200, 'p')));
    EXPECT_FALSE(valid_key_prefix(""));
    EXPECT_FALSE(valid_key_prefix(std::string(201, 'p')));
    EXPECT_FALSE(valid_key_prefix("a b"));
    EXPECT_FALSE(valid_key_prefix("a\n"));
    EXPECT_FALSE(valid_key_prefix("\xc3\xa4"));
}

TEST(OccurrenceCounter, counts_as_a_map_does)
{
    std::mt19937_64 random{7};
    OccurrenceCounter counter;
    std::map<std::uint64_t, std::uint32_t> expected;
    for (int i = 0; i < 50'000; ++i) {
        const std::uint64_t fingerprint = random() % 20'000 << (random() % 2 * 40);
        // 0 and 1 share a place.
        if (fingerprint < 2) continue;
        ASSERT_EQ(counter.count(fingerprint), ++expected[fingerprint]);
    }
}

TEST(OccurrenceCounter, counts_the_value_of_a_free_slot_too)
{
    OccurrenceCounter counter;
    EXPECT_EQ(counter.count(0), 1u);
    EXPECT_EQ(counter.count(0), 2u);
}

}  // namespace
}  // namespace exchange::push
