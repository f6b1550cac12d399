#include "pg/migrate.hpp"

#include "base/hex.hpp"
#include "crypto/digest.hpp"
#include "pg/errors.hpp"
#include "pg/sql.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <map>

namespace exchange::pg {
namespace {

namespace asio = boost::asio;

// Of the advisory lock; any number that nothing else in this database uses.
constexpr std::int64_t lock_key = 1'163'412'810;

// object_not_in_prerequisite_state
constexpr const char* wrong_state = "55000";

std::string digest_of(std::string_view text)
{
    const crypto::Sha256 digest = crypto::sha256(text);
    return {digest.begin(), digest.end()};
}

// Number to digest.
asio::awaitable<std::map<int, std::string>> read_applied(Connection& connection, TimePoint deadline)
{
    std::map<int, std::string> applied;
    const Rows found = co_await connection.run(sql::find_migrations_table, {}, deadline);
    if (!found.boolean(0, 0)) co_return applied;
    const Rows rows = co_await connection.run(sql::read_migrations, {}, deadline);
    for (int row = 0; row < rows.size(); ++row)
        applied.emplace(static_cast<int>(rows.integer(row, 0)), rows.bytes(row, 1));
    co_return applied;
}

SchemaState compare(std::span<const Migration> known, const std::map<int, std::string>& applied)
{
    SchemaState state;
    for (const auto& [number, digest] : applied) {
        state.applied.push_back(number);
        const auto at = std::ranges::find(known, number, &Migration::number);
        if (at == known.end()) state.unknown.push_back(number);
        else if (digest_of(at->text) != digest) state.changed.push_back(number);
    }
    for (const Migration& migration : known)
        if (!applied.contains(migration.number)) state.pending.push_back(migration.number);
    return state;
}

void refuse_foreign(const SchemaState& state)
{
    if (!state.unknown.empty())
        throw Refused{wrong_state,
                      fmt::format("the schema has migrations that this binary does not know: {}. "
                                  "Hint: run the newer binary that applied them",
                                  fmt::join(state.unknown, ", "))};
    if (!state.changed.empty())
        throw Refused{wrong_state,
                      fmt::format("migrations were applied with another text than this binary "
                                  "holds: {}. Hint: applied migrations are never edited; restore "
                                  "the text and add a new migration",
                                  fmt::join(state.changed, ", "))};
}

asio::awaitable<void> lock(Connection& connection, TimePoint deadline)
{
    // The session's own lock_timeout is meant for statements; here the caller's deadline counts.
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    const std::int64_t wait_ms = std::clamp<std::int64_t>(left.count(), 1, 86'400'000);
    Params wait;
    wait.text("lock_timeout").text(std::to_string(wait_ms));
    Params key;
    key.int8(lock_key);
    std::vector<Step> steps;
    steps.push_back({sql::lift_statement_timeout, {}});
    steps.push_back({sql::set_until_commit, std::move(wait)});
    steps.push_back({sql::lock_migrations, std::move(key)});
    co_await connection.transaction(std::move(steps), deadline);
}

asio::awaitable<void> unlock(Connection& connection, TimePoint deadline)
{
    Params key;
    key.int8(lock_key);
    co_await connection.run(sql::unlock_migrations, std::move(key), deadline);
}

std::string script_of(const Migration& migration)
{
    // Its last statement may lack its semicolon, or end in a comment.
    return fmt::format("{}\n{}\n{}\n;\n{}\n{}", sql::begin_transaction.text,
                       sql::lift_statement_timeout.text, migration.text, sql::record_migration.text,
                       sql::commit_transaction.text);
}

asio::awaitable<void> apply(Connection& connection, Migration migration, TimePoint deadline)
{
    Params announced;
    announced.int4(migration.number).text(migration.name);
    announced.text(to_hex(crypto::sha256(migration.text)));
    try {
        co_await connection.run(sql::announce_migration, std::move(announced), deadline);
        co_await connection.script(script_of(migration), deadline);
    } catch (const Refused& refused) {
        throw Refused{refused.sqlstate(),
                      fmt::format("migration {}: {}", migration.name, refused.what())};
    }
}

asio::awaitable<std::vector<int>>
apply_pending(Connection& connection, std::span<const Migration> known, TimePoint deadline)
{
    const Rows found = co_await connection.run(sql::find_migrations_table, {}, deadline);
    if (!found.boolean(0, 0)) co_await connection.run(sql::create_migrations_table, {}, deadline);
    const SchemaState state = co_await schema_state(connection, known, deadline);
    refuse_foreign(state);
    for (const Migration& migration : known)
        if (std::ranges::count(state.pending, migration.number) > 0)
            co_await apply(connection, migration, deadline);
    co_return state.pending;
}

}  // namespace

asio::awaitable<SchemaState> schema_state(Connection& connection, std::span<const Migration> known,
                                          TimePoint deadline)
{
    const std::map<int, std::string> applied = co_await read_applied(connection, deadline);
    co_return compare(known, applied);
}

asio::awaitable<std::vector<int>> migrate(Connection& connection, std::span<const Migration> known,
                                          TimePoint deadline)
{
    co_await lock(connection, deadline);
    std::vector<int> applied;
    std::exception_ptr failure;
    try {
        applied = co_await apply_pending(connection, known, deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    // A dead connection has given the lock back by itself.
    if (connection.usable()) co_await unlock(connection, deadline);
    if (failure) std::rethrow_exception(failure);
    co_return applied;
}

}  // namespace exchange::pg
