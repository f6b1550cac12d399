#pragma once

#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Where raw bytes live for good: an S3 bucket or a directory. Both implementations pass
// raw_store_conformance.hpp. Operations on one store may overlap; all run on the caller's executor.
namespace exchange::objects {

using Sha256 = std::array<std::uint8_t, 32>;

enum class StoreFault {
    unavailable,  // away, slow, 5xx, disk full: try again later
    denied,       // wrong key, secret or policy
    bucket_missing,
    object_missing,
    corrupted,  // what came back or what the server received is not what was sent
};

class StoreError : public std::runtime_error {
public:
    // `message` names the bucket or directory and ends with a hint.
    StoreError(StoreFault fault, const std::string& message)
        : std::runtime_error{message}, fault_{fault}
    {
    }
    StoreFault fault() const { return fault_; }

private:
    StoreFault fault_;
};

struct ObjectInfo {
    std::string key;
    std::uint64_t size = 0;
    std::int64_t modified_unix_ms = 0;
};

class RawStore {
public:
    virtual ~RawStore() = default;

    // Stores `body` under `key`, replacing what is there; durable and checked against `sha256` by
    // the receiving side when it returns. Repeating it is safe. `body` must outlive the call.
    virtual boost::asio::awaitable<void> put(std::string key, std::string_view body, Sha256 sha256,
                                             TimePoint deadline) = 0;

    // Exactly the bytes [offset, offset + length); less is `corrupted`, no object `object_missing`.
    virtual boost::asio::awaitable<std::string> get(std::string key, std::uint64_t offset,
                                                    std::uint64_t length, TimePoint deadline) = 0;

    virtual boost::asio::awaitable<std::optional<ObjectInfo>> head(std::string key,
                                                                   TimePoint deadline) = 0;

    // At most 1000 objects with `prefix` and a key greater than `after`, in key order; fewer than
    // 1000 means the end.
    virtual boost::asio::awaitable<std::vector<ObjectInfo>>
    list(std::string prefix, std::string after, TimePoint deadline) = 0;

    // Removing what is not there succeeds.
    virtual boost::asio::awaitable<void> remove(std::string key, TimePoint deadline) = 0;

    // Writes, reads back and removes a small object: throws what a user of the store would meet.
    virtual boost::asio::awaitable<void> probe(TimePoint deadline) = 0;

    // As events name it: the bucket, or for a directory its file:// URL.
    virtual std::string bucket() const = 0;
    // What stands before a key in that bucket when the store is given only a part of it; empty or
    // ending in '/'. Keys here are without it, events name objects with it.
    virtual std::string key_prefix() const { return {}; }
};

}  // namespace exchange::objects
