#pragma once

#include "objects/raw_store.hpp"
#include "pg/session.hpp"

namespace exchange::outbox {

// After a restore: bundles that were in `bucket` under `key_prefix` are in `store` now. Answers how
// many. Events in a log go on naming the former one.
boost::asio::awaitable<std::int64_t> move_bundles(pg::Session& session,
                                                  const objects::RawStore& store,
                                                  std::string bucket, std::string key_prefix,
                                                  TimePoint deadline);

}  // namespace exchange::outbox
