#pragma once

#include "obs/metrics.hpp"

namespace exchange::outbox {

// What the relay counts, over all lanes of this process.
struct RelayMetrics {
    explicit RelayMetrics(obs::Metrics& metrics);

    obs::Counter published_rows;
    obs::Counter published_windows;
    obs::Counter passed_over_rows;
    obs::Counter quarantined_rows;
    obs::Gauge halted_lanes;
    obs::Gauge owned_lanes;
    obs::Gauge processes;
    obs::Counter handed_over_lanes;
    obs::Counter generations;
    obs::Counter tail_messages;
    obs::Counter finished_plans;
    obs::Counter stored_bundles;
    obs::Counter stored_bytes;
    obs::Counter failures;
    obs::Counter fenced;
    obs::Counter repaired_partitions;
    // Append to acknowledgement by Kafka, in seconds; labels row clocks of Postgres against ours.
    obs::Histogram publish_seconds;
    obs::Histogram window_rows;
    // Where a window's time goes, in seconds: its rows, its bundles, its plan, Kafka.
    obs::Histogram read_seconds;
    obs::Histogram store_seconds;
    obs::Histogram plan_seconds;
    obs::Histogram send_seconds;
};

}  // namespace exchange::outbox
