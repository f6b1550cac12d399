#include "base/random.hpp"
#include "base/uuid.hpp"

#include <gtest/gtest.h>

namespace exchange {
namespace {

TEST(Uuid, text_and_bytes_agree_both_ways)
{
    const std::string text = "0198d2c4-7b1e-7abc-8def-0123456789ab";
    const auto uuid = parse_uuid(text);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(to_string(*uuid), text);
}

TEST(Uuid, refuses_any_other_shape)
{
    for (const char* text :
         {"", "0198d2c47b1e7abc8def0123456789ab", "0198d2c4-7b1e-7abc-8def-0123456789a",
          "0198d2c4-7b1e-7abc-8def-0123456789ag", "0198d2c4+7b1e-7abc-8def-0123456789ab",
          "0198d2c4-7b1e-7abc-8def-0123456789ab0"})
        EXPECT_FALSE(parse_uuid(text)) << text;
}

TEST(Uuid, version_7_begins_with_the_time_and_sorts_by_it)
{
    SystemRandom random;
    const Uuid earlier = make_uuid_v7(0x0198d2c47b1e, random);
    const Uuid later = make_uuid_v7(0x0198d2c47b1f, random);
    EXPECT_EQ(to_string(earlier).substr(0, 15), "0198d2c4-7b1e-7");
    EXPECT_EQ(earlier.bytes[8] & 0xc0, 0x80);
    EXPECT_LT(earlier, later);
}

TEST(SystemRandom, does_not_repeat_itself)
{
    SystemRandom random;
    Uuid first, second;
    random.fill(first.bytes);
    random.fill(second.bytes);
    EXPECT_NE(first, second);
}

}  // namespace
}  // namespace exchange
