#include "ingest/source_freshness.hpp"

namespace exchange::ingest {

SourceFreshness::SourceFreshness(obs::Metrics& metrics, std::size_t most)
    : metrics_{metrics}, most_{most}
{
}

void SourceFreshness::accepted(std::string_view source, std::int64_t unix_ms)
{
    const std::lock_guard lock{mutex_};
    auto found = known_.find(source);
    if (found == known_.end() && known_.size() < most_) {
        const std::string name{source};
        found = known_.emplace(name, series(name)).first;
    }
    obs::Gauge gauge = found == known_.end() ? series("(others)") : found->second;
    gauge.set(static_cast<double>(unix_ms) / 1000);
}

obs::Gauge SourceFreshness::series(const std::string& source)
{
    return metrics_.gauge("exchange_source_last_accepted_timestamp_seconds",
                          "When this process last accepted a record of the source, in Unix time",
                          {{"source", source}});
}

}  // namespace exchange::ingest
