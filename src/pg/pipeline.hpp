#pragma once

#include "pg/connection.hpp"
#include "pg/failure.hpp"
#include "pg/link.hpp"

#include <optional>
#include <span>
#include <vector>

// Sends statements in one flush with one Sync, and matches what comes back to them.
namespace exchange::pg {

struct Answers {
    // Of each statement, in order; as many as succeeded.
    std::vector<Rows> rows;
    // The first error: of a statement, or raised by the commit at the Sync.
    std::optional<Failure> failure;
};

// Returns after the Sync was answered: the link is in step again, though perhaps in a failed
// transaction. Throws `Unavailable` when the link broke or the deadline passed.
boost::asio::awaitable<Answers> pipeline(Link& link, std::span<const Step> steps);

// The link leaves pipeline mode meanwhile: the server takes several statements in one text only
// outside of it.
boost::asio::awaitable<std::optional<Failure>> simple_query(Link& link, const std::string& text);

}  // namespace exchange::pg
