#pragma once

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>

// A session that holds a transaction open while a test goes on beside it: what a stuck or slow
// client does. Blocking, over libpq itself, since our own connection never leaves one open.
namespace exchange::test {

class PgHolder {
public:
    explicit PgHolder(const std::string& conninfo)
        : connection_{PQconnectdb(conninfo.c_str()), &PQfinish}
    {
        if (PQstatus(connection_.get()) != CONNECTION_OK)
            throw std::runtime_error{PQerrorMessage(connection_.get())};
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
    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace exchange::test
