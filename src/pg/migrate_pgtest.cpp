#include "pg/migrate.hpp"
#include "support/pg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace exchange::pg {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace asio = boost::asio;

constexpr Migration first{1, "0001_first",
                          "CREATE TABLE a (id int); INSERT INTO a VALUES (1); -- end"};
constexpr Migration second{2, "0002_second", "CREATE TABLE b (id int);\n"};
constexpr Migration third{3, "0003_third", "CREATE TABLE c (id int); SELECT 1 / 0;"};

class MigrateTest : public testing::Test {
protected:
    std::vector<int> migrate_to(std::span<const Migration> known)
    {
        return test::run(io_, migrate(*connection_, known, test::soon()));
    }
    SchemaState state_of(std::span<const Migration> known)
    {
        return test::run(io_, schema_state(*connection_, known, test::soon()));
    }
    std::int64_t number(const char* sql)
    {
        return test::run(io_, connection_->run({sql, sql}, {}, test::soon())).integer(0, 0);
    }

    test::PgDatabase database_{test::Schema::empty};
    asio::io_context io_;
    std::unique_ptr<Connection> connection_ = database_.open(io_);
};

TEST_F(MigrateTest, applies_what_is_pending_in_order_and_only_once)
{
    const std::array one{first};
    const std::array two{first, second};
    EXPECT_THAT(state_of(two).pending, ElementsAre(1, 2));
    EXPECT_THAT(migrate_to(one), ElementsAre(1));
    EXPECT_THAT(state_of(two).applied, ElementsAre(1));
    EXPECT_THAT(migrate_to(two), ElementsAre(2));
    EXPECT_THAT(migrate_to(two), IsEmpty());
    EXPECT_TRUE(state_of(two).current());
    EXPECT_EQ(number("SELECT count(*) FROM a"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM schema_migrations WHERE name = '0002_second'"), 1);
}

TEST_F(MigrateTest, is_content_with_no_migrations_at_all)
{
    const std::array<Migration, 0> none{};
    EXPECT_THAT(migrate_to(none), IsEmpty());
    EXPECT_TRUE(state_of(none).current());
}

TEST_F(MigrateTest, leaves_nothing_of_a_migration_that_fails)
{
    const std::array all{first, second, third};
    try {
        migrate_to(all);
        FAIL();
    } catch (const Refused& refused) {
        EXPECT_EQ(refused.sqlstate(), "22012");
        EXPECT_THAT(refused.what(), HasSubstr("migration 0003_third: "));
    }
    EXPECT_THAT(state_of(all).pending, ElementsAre(3));
    EXPECT_EQ(number("SELECT count(*) FROM pg_class WHERE relname = 'c'"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0);
}

TEST_F(MigrateTest, refuses_a_migration_whose_text_has_changed)
{
    migrate_to(std::array{first});
    const std::array edited{Migration{1, "0001_first", "CREATE TABLE other (id int)"}, second};
    EXPECT_THAT(state_of(edited).changed, ElementsAre(1));
    EXPECT_THROW(migrate_to(edited), Refused);
    EXPECT_THAT(state_of(edited).pending, ElementsAre(2));
}

TEST_F(MigrateTest, refuses_a_schema_of_a_newer_binary)
{
    migrate_to(std::array{first, second});
    const std::array older{first};
    EXPECT_THAT(state_of(older).unknown, ElementsAre(2));
    EXPECT_FALSE(state_of(older).current());
    EXPECT_THROW(migrate_to(older), Refused);
}

TEST_F(MigrateTest, lets_one_migrator_at_a_time_work)
{
    const std::array slow{
        Migration{1, "0001_slow", "CREATE TABLE a (id int); SELECT pg_sleep(0.3)"}};
    const std::unique_ptr<Connection> other = database_.open(io_);
    auto one = asio::co_spawn(io_, migrate(*connection_, slow, test::soon()), asio::use_future);
    auto two = asio::co_spawn(io_, migrate(*other, slow, test::soon()), asio::use_future);
    io_.restart();
    io_.run();
    EXPECT_EQ(one.get().size() + two.get().size(), 1u);
    EXPECT_TRUE(state_of(slow).current());
}

TEST_F(MigrateTest, waits_for_another_migrator_no_longer_than_its_deadline)
{
    const std::unique_ptr<Connection> other = database_.open(io_);
    // migrate.cpp's lock_key.
    const Statement hold{"hold", "SELECT pg_advisory_lock(1163412810)"};
    test::run(io_, other->run(hold, {}, test::soon()));
    EXPECT_THROW(
        test::run(io_, migrate(*connection_, std::array{first}, SteadyClock::now() + 200ms)),
        Unavailable);
}

TEST_F(MigrateTest, takes_longer_than_the_statement_timeout_if_it_must)
{
    ConnectConfig config = database_.config();
    config.statement_timeout = 100ms;
    connection_ = test::run(io_, Connection::open(io_.get_executor(), config, test::soon()));
    const std::array slow{Migration{1, "0001_slow", "SELECT pg_sleep(0.3)"}};
    EXPECT_THAT(migrate_to(slow), ElementsAre(1));
    EXPECT_EQ(number("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"), 100);
}

TEST(Migrations, of_this_tree_apply_and_are_then_current)
{
    const test::PgDatabase database{test::Schema::migrated};
    asio::io_context io;
    const std::unique_ptr<Connection> connection = database.open(io);
    const SchemaState state = test::run(io, schema_state(*connection, migrations, test::soon()));
    EXPECT_TRUE(state.current());
    EXPECT_EQ(state.applied.size(), migrations.size());
}

}  // namespace
}  // namespace exchange::pg
