#include "app/suggest.hpp"

#include <gtest/gtest.h>

namespace exchange::app {
namespace {

TEST(Suggest, counts_edits)
{
    EXPECT_EQ(edit_distance("serve", "serve"), 0u);
    EXPECT_EQ(edit_distance("sreve", "serve"), 2u);
    EXPECT_EQ(edit_distance("chek", "check"), 1u);
    EXPECT_EQ(edit_distance("", "push"), 4u);
}

}  // namespace
}  // namespace exchange::app
