#pragma once

#include "pg/options.hpp"

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// A session that holds a transaction open while a test goes on beside it: what a stuck or slow
// client does. Blocking, over libpq itself, since our own connection never leaves one open.
namespace exchange::test {

class PgHolder {
public:
    explicit PgHolder(const std::string& conninfo) : PgHolder{PQconnectdb(conninfo.c_str())} {}
    // With the time-outs of a session of ours.
    explicit PgHolder(const pg::ConnectConfig& config) : PgHolder{connect(pg::make_options(config))}
    {
    }

    void run(const std::string& sql)
    {
        const std::unique_ptr<PGresult, void (*)(PGresult*)> result{
            PQexec(connection_.get(), sql.c_str()), &PQclear};
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            throw std::runtime_error{PQerrorMessage(connection_.get())};
    }

private:
    explicit PgHolder(PGconn* connection) : connection_{connection, &PQfinish}
    {
        if (PQstatus(connection) != CONNECTION_OK)
            throw std::runtime_error{PQerrorMessage(connection)};
    }

    static PGconn* connect(const pg::Options& options)
    {
        std::vector<const char*> keywords;
        std::vector<const char*> values;
        for (const auto& [keyword, value] : options) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        keywords.push_back(nullptr);
        values.push_back(nullptr);
        return PQconnectdbParams(keywords.data(), values.data(), 0);
    }

    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace exchange::test
