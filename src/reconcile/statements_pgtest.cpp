#include "reconcile/sql.hpp"
#include "support/pg.hpp"

#include <gtest/gtest.h>

namespace exchange::reconcile {
namespace {

TEST(Statements, are_all_understood_by_the_migrated_schema)
{
    boost::asio::io_context io{1};
    const test::PgDatabase database;
    const std::unique_ptr<pg::Connection> connection = database.open(io);
    for (const pg::Statement& statement : sql::all)
        EXPECT_NO_THROW(test::run(
            io,
            connection->script(std::string{"PREPARE p_"} + statement.name + " AS " + statement.text,
                               test::soon())))
            << statement.name;
}

}  // namespace
}  // namespace exchange::reconcile
