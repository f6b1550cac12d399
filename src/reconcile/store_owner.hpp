#pragma once

#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <string>

// Which database a raw store belongs to. To another database every object here would look like an
// orphan; so the sweeper of one database never touches the store of another.
namespace exchange::reconcile {

enum class StoreOwner { ours, nobody, another };

StoreOwner judge_owner(const std::string& pinned, const std::string& stored);

// Writes nothing.
boost::asio::awaitable<StoreOwner> owner_of_store(pg::Session& session, objects::RawStore& store,
                                                  TimePoint deadline);

// Takes a store that nobody owns. False when it belongs to another database.
boost::asio::awaitable<bool> claim_store(pg::Session& session, objects::RawStore& store,
                                         TimePoint deadline);

// After a restore next to the store that the database had before: an older backup may not know yet
// whose it is.
boost::asio::awaitable<void> adopt_store(pg::Session& session, objects::RawStore& store,
                                         TimePoint deadline);

// One line of cause, one of remedy.
std::string another_owner_cause(const objects::RawStore& store);
std::string another_owner_remedy();

}  // namespace exchange::reconcile
