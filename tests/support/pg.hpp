#pragma once

#include "base/random.hpp"
#include "base/uuid.hpp"
#include "pg/connection.hpp"
#include "pg/migrate.hpp"
#include "pg/migrations_data.hpp"
#include "support/run.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

// A database of a test's own on the server that EXCHANGE_TEST_PG names.
namespace exchange::test {

enum class Schema { empty, migrated };

inline TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{20};
}

// libpq keywords and values, not a URI, so that a database name can be put behind it.
inline std::string pg_server()
{
    const char* conninfo = std::getenv("EXCHANGE_TEST_PG");
    if (conninfo == nullptr || std::string_view{conninfo}.find('=') == std::string_view::npos)
        throw std::runtime_error{"this test needs a Postgres server: set EXCHANGE_TEST_PG to e.g. "
                                 "host=127.0.0.1 port=5432 user=postgres dbname=postgres"};
    return conninfo;
}

inline std::unique_ptr<pg::Connection> open_pg(boost::asio::io_context& io,
                                               const std::string& conninfo)
{
    pg::ConnectConfig config;
    config.conninfo = conninfo;
    return run(io, pg::Connection::open(io.get_executor(), std::move(config), soon()));
}

// Made at construction, dropped at destruction with whoever is still connected to it.
class PgDatabase {
public:
    explicit PgDatabase(Schema schema = Schema::migrated) : server_{pg_server()}, name_{make_name()}
    {
        on_server("CREATE DATABASE " + name_);
        if (schema == Schema::migrated) migrate();
    }
    ~PgDatabase()
    {
        try {
            on_server("DROP DATABASE " + name_ + " WITH (FORCE)");
        } catch (const std::exception&) {
            // The test may have been about a server that is gone; the name is never used again.
        }
    }
    PgDatabase(const PgDatabase&) = delete;
    PgDatabase& operator=(const PgDatabase&) = delete;

    const std::string& name() const { return name_; }
    // A superuser's.
    std::string conninfo() const { return server_ + " dbname=" + name_; }
    pg::ConnectConfig config() const
    {
        pg::ConnectConfig config;
        config.conninfo = conninfo();
        return config;
    }
    std::unique_ptr<pg::Connection> open(boost::asio::io_context& io) const
    {
        return open_pg(io, conninfo());
    }

private:
    static std::string make_name()
    {
        SystemRandom random;
        std::string name = "test_" + to_string(make_uuid_v7(unix_ms_now(), random));
        std::erase(name, '-');
        return name;
    }

    void on_server(const std::string& statement) const
    {
        boost::asio::io_context io;
        const std::unique_ptr<pg::Connection> connection = open_pg(io, server_);
        run(io, connection->script(statement, soon()));
    }

    void migrate() const
    {
        boost::asio::io_context io;
        const std::unique_ptr<pg::Connection> connection = open(io);
        run(io, pg::migrate(*connection, pg::migrations, soon()));
    }

    std::string server_;
    std::string name_;
};

}  // namespace exchange::test
