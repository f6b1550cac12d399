#pragma once

#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace exchange::outbox {

// The raw bytes of outbox rows whose staged copy is gone, read from their bundles; nothing for rows
// whose bytes are staged still. One element an id. Throws std::runtime_error when a row's bytes are
// in neither, pg::Unavailable, objects::StoreError.
boost::asio::awaitable<std::vector<std::optional<std::string>>>
unstaged_bytes(pg::Session& session, objects::RawStore& store, std::span<const std::int64_t> ids,
               TimePoint deadline);

// As an array parameter: NULL where there is nothing. Views into `bodies`.
std::vector<std::string_view> as_elements(const std::vector<std::optional<std::string>>& bodies);

}  // namespace exchange::outbox
