#include "pg/errors.hpp"
#include "pg/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::pg {
namespace {

Options options_of(std::string conninfo)
{
    ConnectConfig config;
    config.conninfo = std::move(conninfo);
    return make_options(config);
}

TEST(Options, bound_what_the_server_does_for_us_before_the_first_statement)
{
    ConnectConfig config;
    config.conninfo = "host=db";
    config.lock_timeout = std::chrono::milliseconds{1234};
    config.statement_timeout = std::chrono::seconds{9};
    const Options options = make_options(config);
    EXPECT_THAT(options.at("options"), testing::HasSubstr("-c lock_timeout=1234 "));
    EXPECT_THAT(options.at("options"), testing::HasSubstr("-c statement_timeout=9000 "));
    EXPECT_THAT(options.at("options"), testing::HasSubstr("client_min_messages=warning"));
    EXPECT_EQ(options.at("application_name"), "exchange");
}

TEST(Options, let_the_operators_own_settings_win)
{
    const Options options = options_of("host=db keepalives_idle=99 options='-c lock_timeout=1'");
    EXPECT_EQ(options.at("keepalives_idle"), "99");
    EXPECT_TRUE(options.at("options").ends_with("-c lock_timeout=1"));
}

TEST(Options, read_a_uri)
{
    const Options options = options_of("postgresql://exchange@db:6432/records");
    EXPECT_EQ(options.at("host"), "db");
    EXPECT_EQ(options.at("port"), "6432");
    EXPECT_EQ(options.at("dbname"), "records");
}

TEST(Options, never_repeat_a_connection_string_that_cannot_be_read)
{
    for (const char* conninfo : {"password=hunter2 hunter2", "postgresql://u:hunter2@[::1/x"}) {
        try {
            options_of(conninfo);
            FAIL() << conninfo;
        } catch (const Unavailable& unavailable) {
            EXPECT_THAT(unavailable.what(), testing::Not(testing::HasSubstr("hunter2")));
            EXPECT_THAT(unavailable.what(), testing::HasSubstr("Hint: "));
        }
    }
}

TEST(Environment, holds_what_the_connection_string_says_and_nothing_else)
{
    const auto variables = environment_of("postgresql://u:hunter2@db:5433/records?sslmode=require");
    EXPECT_EQ(variables, (std::map<std::string, std::string>{{"PGUSER", "u"},
                                                             {"PGPASSWORD", "hunter2"},
                                                             {"PGHOST", "db"},
                                                             {"PGPORT", "5433"},
                                                             {"PGDATABASE", "records"},
                                                             {"PGSSLMODE", "require"}}));
    EXPECT_TRUE(environment_of("").empty());
}

TEST(Hosts, need_a_lookup_only_when_they_are_names)
{
    const std::pair<const char*, bool> rows[] = {
        {"db.example.org", true}, {"localhost", true},  {"127.0.0.1", false}, {"::1", false},
        {"/run/pg", false},       {"@abstract", false}, {"", false},
    };
    for (const auto& [name, expected] : rows)
        EXPECT_EQ((Host{name, "5432"}.needs_lookup()), expected) << name;
}

TEST(Hosts, are_paired_with_their_ports)
{
    const std::vector<Host> own = hosts_of({{"host", "a,b"}, {"port", "1,2"}});
    ASSERT_EQ(own.size(), 2u);
    EXPECT_EQ(own[1].name + ":" + own[1].port, "b:2");
    const std::vector<Host> shared = hosts_of({{"host", "a,b"}, {"port", "7"}});
    ASSERT_EQ(shared.size(), 2u);
    EXPECT_EQ(shared[1].name + ":" + shared[1].port, "b:7");
}

TEST(Hosts, are_left_to_libpq_when_addresses_are_given)
{
    EXPECT_TRUE(hosts_of({{"host", "a"}, {"hostaddr", "10.0.0.1"}}).empty());
    EXPECT_TRUE(hosts_of({{"port", "5432"}}).empty());
}

}  // namespace
}  // namespace exchange::pg
