#pragma once

#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace exchange::outbox {

// A row's bytes are neither staged nor where its bundle should be.
class BytesGone : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The raw bytes of outbox rows whose staged copy is gone, read from their bundles; nothing for rows
// whose bytes are staged still. One element an id. Throws BytesGone, pg::Unavailable,
// objects::StoreError, and std::runtime_error when a row is not in the database.
boost::asio::awaitable<std::vector<std::optional<std::string>>>
unstaged_bytes(pg::Session& session, objects::RawStore& store, std::span<const std::int64_t> ids,
               TimePoint deadline);

// As an array parameter: NULL where there is nothing. Views into `bodies`.
std::vector<std::string_view> as_elements(const std::vector<std::optional<std::string>>& bodies);

}  // namespace exchange::outbox
