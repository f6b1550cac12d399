#include "ingest/ingest_metrics.hpp"

namespace exchange::ingest {
namespace {

obs::Counter outcome(obs::Metrics& metrics, const char* name)
{
    return metrics.counter("exchange_ingest_requests_total", "Ingest requests by outcome",
                           {{"outcome", name}});
}

}  // namespace

IngestMetrics::IngestMetrics(obs::Metrics& metrics)
    : accepted{outcome(metrics, "accepted")},
      repeated{outcome(metrics, "replayed")},
      conflicting{outcome(metrics, "conflict")},
      invalid{outcome(metrics, "invalid")},
      unauthorized{outcome(metrics, "unauthorized")},
      forbidden{outcome(metrics, "forbidden")},
      rate_limited{outcome(metrics, "rate_limited")},
      overloaded{outcome(metrics, "overloaded")},
      paused{outcome(metrics, "paused")},
      unavailable{outcome(metrics, "unavailable")},
      unknown{outcome(metrics, "unknown")},
      waited{metrics.counter("exchange_ingest_waited_repeats_total",
                             "Times a group was formed without a request whose key was in it")},
      accepted_bytes{
          metrics.counter("exchange_ingest_accepted_bytes_total", "Raw bytes of accepted records")},
      queued{metrics.gauge("exchange_ingest_queued_requests",
                           "Requests waiting for their group's commit")},
      group_rows{metrics.histogram("exchange_ingest_group_rows", "Records of one commit",
                                   {1, 2, 4, 8, 16, 32, 64, 128, 256})},
      commit_seconds{metrics.histogram(
          "exchange_ingest_commit_seconds", "One group's round trip to Postgres, commit included",
          {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5})},
      sources{metrics}
{
}

}  // namespace exchange::ingest
