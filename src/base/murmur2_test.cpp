#include "base/murmur2.hpp"

#include <gtest/gtest.h>

namespace exchange {
namespace {

// Expected values are those of Kafka's own unit test for its partitioner hash.
TEST(Murmur2, agrees_with_kafkas_partitioner)
{
    const auto java = [](std::int32_t value) {
        return static_cast<std::uint32_t>(value) & 0x7fffffff;
    };
    EXPECT_EQ(murmur2_positive("21"), java(-973932308));
    EXPECT_EQ(murmur2_positive("foobar"), java(-790332482));
    EXPECT_EQ(murmur2_positive("a-little-bit-long-string"), java(-985981536));
    EXPECT_EQ(murmur2_positive("a-little-bit-longer-string"), java(-1486304829));
    EXPECT_EQ(murmur2_positive("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"),
              java(-58897971));
    EXPECT_EQ(murmur2_positive("abc"), java(479470107));
}

}  // namespace
}  // namespace exchange
