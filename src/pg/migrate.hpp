#pragma once

#include "pg/connection.hpp"
#include "pg/migration.hpp"

#include <span>
#include <vector>

// Brings a database to the schema this binary knows. Numbered, forward-only, under an advisory
// lock, each migration in a transaction of its own; what was applied is in `schema_migrations` with
// the SHA-256 of its text, so an edited migration is refused.
namespace exchange::pg {

struct SchemaState {
    // Applied numbers, rising.
    std::vector<int> applied;
    std::vector<int> pending;
    // Applied by a newer binary than this one: `serve` refuses to start.
    std::vector<int> unknown;
    // Applied with another text than this binary holds.
    std::vector<int> changed;

    bool current() const { return pending.empty() && unknown.empty() && changed.empty(); }
};

boost::asio::awaitable<SchemaState>
schema_state(Connection& connection, std::span<const Migration> known, TimePoint deadline);

// Returns the numbers it applied now. Throws `Refused` when the schema is unknown or changed.
boost::asio::awaitable<std::vector<int>>
migrate(Connection& connection, std::span<const Migration> known, TimePoint deadline);

}  // namespace exchange::pg
