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

TEST(Suggest, names_the_nearest_verb_and_none_when_all_are_far)
{
    CLI::App app;
    app.add_subcommand("serve");
    app.add_subcommand("migrate");
    EXPECT_EQ(suggest(app, "migrat"), "migrate");
    EXPECT_EQ(suggest(app, "frobnicate"), "");
    EXPECT_EQ(suggest(app, "serve"), "");
}

}  // namespace
}  // namespace exchange::app
