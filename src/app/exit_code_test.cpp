#include "app/exit_code.hpp"

#include "app/config.hpp"
#include "backup/errors.hpp"
#include "kafka/errors.hpp"
#include "objects/raw_store.hpp"
#include "pg/errors.hpp"

#include <gtest/gtest.h>

namespace exchange::app {
namespace {

TEST(ExitCode, tells_refused_credentials_from_a_dependency_that_is_away)
{
    using objects::StoreError;
    using objects::StoreFault;
    EXPECT_EQ(exit_code_of(pg::Denied{""}), exit_auth);
    EXPECT_EQ(exit_code_of(kafka::Error{kafka::Fault::denied, ""}), exit_auth);
    EXPECT_EQ(exit_code_of(StoreError{StoreFault::denied, ""}), exit_auth);
    EXPECT_EQ(exit_code_of(pg::Unavailable{""}), exit_unavailable);
    EXPECT_EQ(exit_code_of(kafka::Error{kafka::Fault::unavailable, ""}), exit_unavailable);
    for (const StoreFault fault : {StoreFault::unavailable, StoreFault::bucket_missing,
                                   StoreFault::object_missing, StoreFault::corrupted})
        EXPECT_EQ(exit_code_of(StoreError{fault, ""}), exit_unavailable);
    EXPECT_EQ(exit_code_of(backup::Unavailable{""}), exit_unavailable);
}

TEST(ExitCode, tells_what_the_user_can_mend_from_what_nobody_expects)
{
    EXPECT_EQ(exit_code_of(ConfigError{""}), exit_usage);
    EXPECT_EQ(exit_code_of(std::invalid_argument{""}), exit_usage);
    EXPECT_EQ(exit_code_of(backup::Damaged{""}), exit_difference);
    EXPECT_EQ(exit_code_of(backup::Conflict{""}), exit_conflict);
    EXPECT_EQ(exit_code_of(pg::Refused{"42601", ""}), exit_internal);
    EXPECT_EQ(exit_code_of(std::runtime_error{""}), exit_internal);
}

}  // namespace
}  // namespace exchange::app
