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
      stopping{outcome(metrics, "stopping")},
      internal{outcome(metrics, "internal")},
      too_large{outcome(metrics, "too_large")},
      timed_out{outcome(metrics, "timed_out")},
      unsupported{outcome(metrics, "unsupported")},
      malformed{outcome(metrics, "malformed")},
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

obs::Counter& IngestMetrics::refused(record::ProblemCode code)
{
    using Code = record::ProblemCode;
    switch (code) {
    case Code::malformed_request:
        return malformed;
    case Code::idempotency_key_missing:
    case Code::idempotency_key_invalid:
    case Code::correlation_id_invalid:
    case Code::body_invalid:
        return invalid;
    case Code::token_missing:
    case Code::token_malformed:
    case Code::token_invalid:
    case Code::token_expired:
    case Code::token_not_yet_valid:
    case Code::token_not_trusted:
        return unauthorized;
    case Code::source_not_allowed:
    case Code::scope_missing:
        return forbidden;
    case Code::not_found:
    case Code::method_not_allowed:
    case Code::media_type_unsupported:
    case Code::expectation_failed:
        return unsupported;
    case Code::request_timeout:
        return timed_out;
    case Code::idempotency_conflict:
        return conflicting;
    case Code::payload_too_large:
    case Code::header_too_large:
        return too_large;
    case Code::rate_limited:
        return rate_limited;
    case Code::internal:
        return internal;
    case Code::overloaded:
        return overloaded;
    case Code::intake_paused:
        return paused;
    case Code::postgres_unavailable:
        return unavailable;
    case Code::commit_unknown:
        return unknown;
    case Code::shutting_down:
        return stopping;
    }
    return internal;
}

}  // namespace exchange::ingest
