#pragma once

#include "objects/raw_store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace exchange::objects {

struct StoreConfig {
    // RAW_STORE: s3://bucket[/prefix] or file:///directory.
    std::string url;
    // S3_ENDPOINT: http(s)://host[:port]; empty: AWS' own endpoint for the region. With an endpoint
    // the bucket goes into the path, without it into the host name.
    std::string endpoint;
    std::string region = "us-east-1";
    std::string access_key;
    std::string secret_key;
    std::string session_token;
    // Connections kept to the server, all in use at most. More: faster drains on slow stores.
    std::size_t connections_max = 8;
};

// Throws std::invalid_argument, naming the setting, when the configuration makes no sense. Makes no
// request. The store works on `executor` only.
std::unique_ptr<RawStore> open_store(boost::asio::any_io_executor executor,
                                     const StoreConfig& config);

// Creates the bucket (or directory) itself, for development stacks and tests; succeeds when it is
// there and ours. Throws std::invalid_argument as `open_store`, and StoreError.
boost::asio::awaitable<void> make_bucket(StoreConfig config, TimePoint deadline);

}  // namespace exchange::objects
