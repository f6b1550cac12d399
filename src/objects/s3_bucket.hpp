#pragma once

#include "net/client.hpp"
#include "objects/open_store.hpp"
#include "objects/raw_store.hpp"
#include "objects/sigv4.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

// One bucket of an S3 server: where it is and how a request to it is signed and sent.
namespace exchange::objects {

// Seconds since 1970.
using UnixClock = std::function<std::int64_t()>;
UnixClock system_unix_clock();

struct S3Place {
    // Of the server, or with AWS of the bucket's own host.
    std::string origin;
    // Before every key: "/" or "/bucket/".
    std::string path;
    std::string bucket;
    // Before every key of this store: "" or "prefix/".
    std::string key_prefix;
};

// Throws std::invalid_argument naming the setting.
S3Place s3_place(const StoreConfig& config);

struct S3Question {
    std::string method;
    // With the store's prefix; empty: the bucket itself.
    std::string key;
    Pairs query;
    Pairs headers;
    // Must outlive the call.
    std::string_view body;
    // Of `body`; the server checks it.
    Sha256 body_sha256;
    std::size_t response_bytes_max = 64 * 1024;
};

// Of no body at all.
Sha256 empty_sha256();

class S3Bucket {
public:
    S3Bucket(boost::asio::any_io_executor executor, const StoreConfig& config, UnixClock clock);

    // Answers of any status are values. Throws StoreError(unavailable) without an answer.
    boost::asio::awaitable<net::ClientResponse> ask(S3Question question, TimePoint deadline);

    const S3Place& place() const { return place_; }
    // "S3 bucket 'b' at https://…", for messages.
    std::string described() const;

private:
    S3Place place_;
    RequestSigner signer_;
    UnixClock clock_;
    std::unique_ptr<net::Client> client_;
};

}  // namespace exchange::objects
