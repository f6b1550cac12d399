#include "pg/connect.hpp"

#include "pg/errors.hpp"
#include "pg/lookup.hpp"
#include "pg/options.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>

namespace exchange::pg {
namespace {

namespace asio = boost::asio;

PGconn* start(const Options& options)
{
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : options) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    PGconn* const raw = PQconnectStartParams(keywords.data(), values.data(), 0);
    if (raw == nullptr) throw std::bad_alloc{};
    // libpq would print warnings to stderr.
    PQsetNoticeReceiver(raw, [](void*, const PGresult*) {}, nullptr);
    // An attempt that failed leaves no result to ask for the SQLSTATE: only this text has it.
    PQsetErrorVerbosity(raw, PQERRORS_VERBOSE);
    return raw;
}

[[noreturn]] void give_up(const Link& link)
{
    const std::string_view report = PQerrorMessage(link.raw());
    const std::string told = explain_connect_failure(link.where(), report);
    if (PQconnectionNeedsPassword(link.raw()) != 0 ||
        sqlstate_of_connect_failure(report).starts_with("28"))
        throw Denied{told};
    throw Unavailable{told};
}

asio::awaitable<void> await_handshake(Link& link)
{
    if (PQstatus(link.raw()) == CONNECTION_BAD) give_up(link);
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        if (wanted == PGRES_POLLING_FAILED) give_up(link);
        link.watch();
        if (wanted == PGRES_POLLING_READING) co_await link.readable();
        else co_await link.writable();
        link.unwatch();
        wanted = PQconnectPoll(link.raw());
    }
}

struct Remedy {
    std::string_view sign;
    std::string_view hint;
};

constexpr std::array remedies{
    Remedy{"password", "check PGUSER and PGPASSWORD, or DATABASE_URL"},
    Remedy{"role ", "create the role, or check PGUSER or DATABASE_URL"},
    Remedy{"database ", "create the database, or check PGDATABASE or DATABASE_URL"},
    Remedy{"pg_hba.conf", "allow this host and user in the server's pg_hba.conf"},
    Remedy{"too many", "raise max_connections or use fewer processes"},
    Remedy{"starting up", "wait; the server is starting"},
    Remedy{"shutting down", "start the server again"},
    Remedy{"SSL", "check PGSSLMODE and the certificates"},
};

constexpr std::string_view usual_hint =
    "is Postgres running there? Check PGHOST and PGPORT, or DATABASE_URL";

std::string_view hint_for(std::string_view cause)
{
    for (const Remedy& remedy : remedies)
        if (cause.find(remedy.sign) != std::string_view::npos) return remedy.hint;
    return usual_hint;
}

struct Cause {
    std::string_view sqlstate;
    std::string_view text;
};

// One line an attempt, "connection to server at … failed: <cause>", with guesses indented below.
// The server's own causes begin with a severity and, told verbosely, the SQLSTATE.
Cause last_cause(std::string_view report)
{
    constexpr std::string_view mark = " failed: ";
    constexpr std::size_t sqlstate_size = 5;
    const std::size_t last = report.rfind(mark);
    Cause cause;
    cause.text = last == report.npos ? report : report.substr(last + mark.size());
    cause.text = cause.text.substr(0, cause.text.find('\n'));
    for (const std::string_view severity : {"FATAL:  ", "ERROR:  "}) {
        if (!cause.text.starts_with(severity)) continue;
        cause.text.remove_prefix(severity.size());
        if (cause.text.find(": ") != sqlstate_size) break;
        cause.sqlstate = cause.text.substr(0, sqlstate_size);
        cause.text.remove_prefix(sqlstate_size + 2);
        break;
    }
    return cause;
}

}  // namespace

std::string_view sqlstate_of_connect_failure(std::string_view report)
{
    return last_cause(report).sqlstate;
}

std::string explain_connect_failure(std::string_view where, std::string_view report)
{
    std::string_view cause = last_cause(report).text;
    if (cause.empty()) cause = "no connection";
    return fmt::format("Postgres at {}: {}. Hint: {}", where, cause, hint_for(cause));
}

asio::awaitable<std::shared_ptr<Link>> connect(asio::any_io_executor executor, ConnectConfig config,
                                               TimePoint deadline)
{
    const Options options = co_await with_addresses(make_options(config), deadline);
    auto link = std::make_shared<Link>(executor);
    Operation operation{*link, deadline};
    link->adopt(start(options));
    co_await await_handshake(*link);
    PQsetErrorVerbosity(link->raw(), PQERRORS_DEFAULT);
    link->watch();
    if (PQsetnonblocking(link->raw(), 1) != 0) link->lost();
    if (PQenterPipelineMode(link->raw()) != 1) link->lost();
    operation.completed();
    co_return link;
}

}  // namespace exchange::pg
