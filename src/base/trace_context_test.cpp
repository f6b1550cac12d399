#include "base/trace_context.hpp"

#include <gtest/gtest.h>

namespace exchange {
namespace {

constexpr const char* sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* not_sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

TEST(TraceContext, is_rendered_as_it_was_read)
{
    for (const char* value : {sampled, not_sampled}) {
        const auto context = parse_traceparent(value);
        ASSERT_TRUE(context) << value;
        EXPECT_EQ(render_traceparent(*context), value);
    }
}

TEST(TraceContext, is_sampled_by_the_lowest_bit_of_its_flags)
{
    EXPECT_TRUE(parse_traceparent(sampled)->sampled);
    EXPECT_FALSE(parse_traceparent(not_sampled)->sampled);
    std::string other_bits{not_sampled};
    other_bits.replace(53, 2, "fe");
    EXPECT_FALSE(parse_traceparent(other_bits)->sampled);
    other_bits.replace(53, 2, "03");
    EXPECT_TRUE(parse_traceparent(other_bits)->sampled);
}

TEST(TraceContext, is_nothing_when_malformed_or_of_another_version)
{
    for (const char* value : {
             "",
             "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
             "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
             "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
             "00-4bf92f3577b34da6a3ce929d0e0e473600-f067aa0ba902b7-01",
         })
        EXPECT_FALSE(parse_traceparent(value)) << value;
}

}  // namespace
}  // namespace exchange
