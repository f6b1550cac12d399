#pragma once

#include "obs/metrics.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

// When each source's last record was accepted, as a metric with the label `source`. Thread-safe.
// A process that was just started knows no source; whoever scrapes it remembers (docs/guides).
namespace exchange::ingest {

class SourceFreshness {
public:
    // A label has its price in every store of metrics: sources beyond this number, in the order in
    // which they come, share the one series "(others)", which no source can be called.
    static constexpr std::size_t sources_max = 200;

    explicit SourceFreshness(obs::Metrics& metrics, std::size_t most = sources_max);

    void accepted(std::string_view source, std::int64_t unix_ms);

private:
    obs::Gauge series(const std::string& source);

    obs::Metrics& metrics_;
    std::size_t most_;
    std::mutex mutex_;
    std::map<std::string, obs::Gauge, std::less<>> known_;
};

}  // namespace exchange::ingest
