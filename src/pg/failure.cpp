#include "pg/failure.hpp"

#include "pg/errors.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>

namespace exchange::pg {
namespace {

bool is_one_of(std::string_view what, std::initializer_list<std::string_view> list)
{
    return std::find(list.begin(), list.end(), what) != list.end();
}

// Ids or times went ahead of the partitions; a process of ours makes the next ones in a moment.
bool lacks_partition(std::string_view sqlstate, std::string_view source)
{
    return sqlstate == "23514" && source == "ExecFindPartition";
}

std::string_view field(const pg_result& result, int code)
{
    const char* text = PQresultErrorField(&result, code);
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

// What to do about errors that the server gives no hint for but operators meet.
std::string_view own_hint(std::string_view sqlstate, std::string_view source)
{
    if (lacks_partition(sqlstate, source))
        return "exchange serve makes partitions ahead; /readyz?verbose says why it cannot";
    if (sqlstate == "55P03") return "another session holds the lock; see pg_locks";
    if (sqlstate == "57014") return "statement_timeout passed or an operator cancelled it";
    if (sqlstate == "42501") return "the database user lacks a right; see the grants";
    if (sqlstate == "42P01" || sqlstate == "42883") return "run `exchange migrate`";
    if (sqlstate == "53100") return "free disk space on the Postgres server";
    if (sqlstate == "53300") return "raise max_connections or use fewer processes";
    if (sqlstate == "25006") return "connect to the primary, e.g. target_session_attrs=read-write";
    return {};
}

}  // namespace

Verdict judge(std::string_view sqlstate, std::string_view severity, std::string_view source)
{
    if (is_one_of(severity, {"FATAL", "PANIC"})) return Verdict::broken;
    // The server no longer is, or never was, what this session was set up for: a standby now,
    // statements forgotten, tables changed under a prepared plan.
    if (is_one_of(sqlstate, {"25006", "26000"})) return Verdict::broken;
    if (sqlstate == "0A000" && source == "RevalidateCachedQuery") return Verdict::broken;
    if (lacks_partition(sqlstate, source)) return Verdict::unavailable;
    // Class 08 too, but it says that what we sent is wrong.
    if (sqlstate == "08P01") return Verdict::refused;
    const std::string_view error_class = sqlstate.substr(0, 2);
    if (is_one_of(error_class, {"08", "40", "53", "57", "58"})) return Verdict::unavailable;
    return sqlstate == "55P03" ? Verdict::unavailable : Verdict::refused;
}

std::string without_values(std::string_view sqlstate, std::string_view primary)
{
    if (!sqlstate.starts_with("22")) return std::string{primary};
    std::string out;
    bool quoted = false;
    for (const char c : primary.substr(0, primary.find(": "))) {
        if (c == '"') quoted = !quoted;
        if (c == '"' && quoted) out += "\"…";
        else if (c == '"' || !quoted) out += c;
    }
    return out;
}

Failure read_failure(const pg_result& result, std::string_view statement)
{
    Failure failure;
    failure.sqlstate = field(result, PG_DIAG_SQLSTATE);
    const std::string_view source = field(result, PG_DIAG_SOURCE_FUNCTION);
    failure.verdict = judge(failure.sqlstate, field(result, PG_DIAG_SEVERITY_NONLOCALIZED), source);
    const std::string primary =
        without_values(failure.sqlstate, field(result, PG_DIAG_MESSAGE_PRIMARY));
    failure.message = fmt::format("{}: {} {}", statement, failure.sqlstate, primary);
    std::string_view hint = field(result, PG_DIAG_MESSAGE_HINT);
    if (hint.empty()) hint = own_hint(failure.sqlstate, source);
    if (!hint.empty()) failure.message += fmt::format(". Hint: {}", hint);
    return failure;
}

void raise(const Failure& failure)
{
    if (failure.verdict == Verdict::refused) throw Refused{failure.sqlstate, failure.message};
    throw Unavailable{failure.message};
}

}  // namespace exchange::pg
