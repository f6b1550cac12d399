#include "outbox/outbox_fixture.hpp"
#include "outbox/sql.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

TEST(Statements, are_all_understood_by_the_migrated_schema)
{
    OutboxDatabase db;
    const std::unique_ptr<pg::Connection> connection = db.database.open(db.io);
    for (const pg::Statement& statement : sql::all)
        EXPECT_NO_THROW(test::run(
            db.io,
            connection->script(std::string{"PREPARE p_"} + statement.name + " AS " + statement.text,
                               test::soon())))
            << statement.name;
}

}  // namespace
}  // namespace exchange::outbox
