#include "reconcile/object_name.hpp"

#include "outbox/window.hpp"

#include <gtest/gtest.h>

namespace exchange::reconcile {
namespace {

TEST(ObjectName, reads_what_the_relay_writes)
{
    outbox::Bundle bundle;
    bundle.source = "clinic-7.north_b";
    bundle.ids = {41, 42, 97};
    const auto name = parse_object_name(outbox::bundle_key(LaneId{3}, bundle));
    ASSERT_TRUE(name);
    EXPECT_EQ(number(name->lane), 3);
    EXPECT_EQ(name->first_id, 41);
}

TEST(ObjectName, is_nothing_for_a_key_that_no_relay_makes)
{
    const std::string digest(64, 'a');
    const std::string good = "bundles/03/0000000000000000041-97-clinic-" + digest;
    ASSERT_TRUE(parse_object_name(good));
    for (const std::string& key :
         {std::string{}, std::string{"bundles/"}, std::string{"exchange.owner"},
          "other/" + good.substr(8), "bundles/3/0000000000000000041-97-clinic-" + digest,
          "bundles/03/41-97-clinic-" + digest, "bundles/03/0000000000000000041-40-clinic-" + digest,
          "bundles/03/0000000000000000041-97--" + digest.substr(1),
          "bundles/03/0000000000000000041-97-" + digest, good.substr(0, good.size() - 1),
          good.substr(0, good.size() - 1) + "G", good + "0",
          std::string{"bundles/03/9999999999999999999-97-clinic-"} + digest})
        EXPECT_FALSE(parse_object_name(key)) << key;
}

}  // namespace
}  // namespace exchange::reconcile
