#pragma once

#include "objects/raw_store.hpp"
#include "objects/s3_bucket.hpp"

#include <memory>

namespace exchange::objects {

// `clock` dates the signatures. Throws as `open_store`.
std::unique_ptr<RawStore> make_s3_store(boost::asio::any_io_executor executor,
                                        const StoreConfig& config, UnixClock clock);

}  // namespace exchange::objects
