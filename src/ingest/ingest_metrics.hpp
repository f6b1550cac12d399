#pragma once

#include "ingest/source_freshness.hpp"
#include "obs/metrics.hpp"
#include "record/problem.hpp"

namespace exchange::ingest {

// What ingest counts, over all lanes of this process.
struct IngestMetrics {
    explicit IngestMetrics(obs::Metrics& metrics);

    // Where a request that is answered with this problem counts: every one that there is.
    obs::Counter& refused(record::ProblemCode code);

    obs::Counter accepted;
    obs::Counter repeated;
    obs::Counter conflicting;
    obs::Counter invalid;
    obs::Counter unauthorized;
    obs::Counter forbidden;
    obs::Counter rate_limited;
    obs::Counter overloaded;
    obs::Counter paused;
    obs::Counter unavailable;
    obs::Counter unknown;
    obs::Counter stopping;
    obs::Counter internal;
    obs::Counter too_large;
    obs::Counter timed_out;
    obs::Counter unsupported;
    obs::Counter malformed;
    obs::Counter waited;
    obs::Counter accepted_bytes;
    obs::Gauge queued;
    obs::Histogram group_rows;
    obs::Histogram commit_seconds;
    SourceFreshness sources;
};

}  // namespace exchange::ingest
