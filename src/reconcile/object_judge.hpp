#pragma once

#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <vector>

namespace exchange::reconcile {

enum class ObjectState {
    bundle,
    // Above what its lane planned so far: a plan may name it any moment.
    open,
    // No bundle, and no plan will ever name it.
    orphan,
    // No relay makes such a key, or a lane that does not exist.
    foreign
};

// What objects under `bundles/` are, as of one moment. One element an object.
boost::asio::awaitable<std::vector<ObjectState>>
judge_objects(pg::Session& session, std::string key_prefix, std::vector<std::string> keys,
              std::int16_t lanes, TimePoint deadline);

}  // namespace exchange::reconcile
