#pragma once

#include "base/blocking_pool.hpp"
#include "crypto/digest.hpp"
#include "record/submission.hpp"

#include <memory>
#include <string>

// Reads large bodies on a thread of their own: checking and hashing ten mebibytes takes tens of
// milliseconds, in which an event loop would answer nobody and commit nothing. Small bodies are
// read where they are, as handing them over would cost more than it saves.
namespace exchange::ingest {

// Above so many bytes a body is large.
inline constexpr std::size_t small_body_max = 64 * 1024;
// Read or waiting for it. Their bytes are bounded by the server's budget; this bounds the wait.
inline constexpr std::size_t large_bodies_max = 1024;

// A body and what reading it gave; the digest of one that is invalid is not made.
struct LargeBody {
    std::string bytes;
    record::ParseResult parsed;
    crypto::Sha256 sha256{};
};

// Null when too many wait already, or when its turn did not come by the deadline. The caller's
// context must outlive the pool.
boost::asio::awaitable<std::unique_ptr<LargeBody>>
read_large_body(BlockingPool& pool, record::Api api, std::string bytes, TimePoint deadline);

}  // namespace exchange::ingest
