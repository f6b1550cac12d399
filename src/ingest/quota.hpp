#pragma once

#include "base/time.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

// How many records a source may send a second: a token bucket for each source, holding one second's
// worth. Thread-safe. Of this process alone: with n ingest processes a source gets n times as much.
namespace exchange::ingest {

struct QuotaConfig {
    // 0: no limit.
    std::int64_t records_per_s = 0;
    // Sources remembered at once. Beyond it those that have not sent for a second are forgotten,
    // which costs nothing: their bucket is full again.
    std::size_t sources_max = 10000;
};

class Quota {
public:
    explicit Quota(QuotaConfig config) : config_{config} {}

    // Nothing when the source may send now, else how long until it may.
    std::optional<Duration> take(std::string_view source, TimePoint now);

private:
    struct Bucket {
        double records = 0;
        TimePoint filled_at;
    };

    void forget_full(TimePoint now);

    QuotaConfig config_;
    std::mutex mutex_;
    std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace exchange::ingest
