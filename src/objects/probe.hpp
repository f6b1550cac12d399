#pragma once

#include "objects/raw_store.hpp"

namespace exchange::objects {

// `RawStore::probe` in terms of the other operations. Its object lies under ".probe/" and has a
// name of its own each time, so that processes do not meet.
boost::asio::awaitable<void> probe_store(RawStore& store, TimePoint deadline);

}  // namespace exchange::objects
