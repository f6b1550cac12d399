#include "ingest/quota.hpp"

#include <algorithm>

namespace exchange::ingest {

std::optional<Duration> Quota::take(std::string_view source, TimePoint now)
{
    if (config_.records_per_s == 0) return std::nullopt;
    const double rate = static_cast<double>(config_.records_per_s);
    const std::lock_guard lock{mutex_};
    auto found = buckets_.find(source);
    if (found == buckets_.end()) {
        if (buckets_.size() >= config_.sources_max) forget_full(now);
        found = buckets_.emplace(source, Bucket{rate, now}).first;
    }
    Bucket& bucket = found->second;
    const double waited = std::chrono::duration<double>(now - bucket.filled_at).count();
    bucket.records = std::min(rate, bucket.records + waited * rate);
    bucket.filled_at = now;
    if (bucket.records < 1) {
        const std::chrono::duration<double> until{(1 - bucket.records) / rate};
        return std::chrono::duration_cast<Duration>(until) + Duration{1};
    }
    bucket.records -= 1;
    return std::nullopt;
}

void Quota::forget_full(TimePoint now)
{
    std::erase_if(buckets_, [now](const auto& entry) {
        return now - entry.second.filled_at >= std::chrono::seconds{1};
    });
}

}  // namespace exchange::ingest
