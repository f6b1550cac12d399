#include "outbox/relay_metrics.hpp"

namespace exchange::outbox {

namespace {

obs::Histogram step_seconds(obs::Metrics& metrics, const char* step)
{
    return metrics.histogram("exchange_relay_step_seconds", "What a window waited for",
                             {0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.2, 1, 10},
                             {{"step", step}});
}

}  // namespace

RelayMetrics::RelayMetrics(obs::Metrics& metrics)
    : published_rows{metrics.counter("exchange_relay_published_rows_total",
                                     "Events acknowledged by Kafka")},
      published_windows{metrics.counter("exchange_relay_published_windows_total",
                                        "Windows acknowledged by Kafka")},
      passed_over_rows{metrics.counter("exchange_relay_passed_over_rows_total",
                                       "Rows of a planned window found in Kafka already")},
      quarantined_rows{metrics.counter("exchange_relay_quarantined_rows_total",
                                       "Rows Kafka will never take as they are")},
      halted_lanes{metrics.gauge("exchange_relay_halted_lanes",
                                 "Lanes of this process that wait for an operator")},
      owned_lanes{metrics.gauge("exchange_relay_owned_lanes", "Lanes that this process publishes")},
      processes{metrics.gauge("exchange_relay_processes", "Relay processes that share the lanes")},
      handed_over_lanes{metrics.counter("exchange_relay_handed_over_lanes_total",
                                        "Lanes given to another process while this one went on")},
      generations{metrics.counter("exchange_relay_generations_total",
                                  "Times a lane was started from what database and log say")},
      tail_messages{metrics.counter("exchange_relay_tail_messages_total",
                                    "Messages read to find where partitions end")},
      finished_plans{metrics.counter("exchange_relay_finished_plans_total",
                                     "Windows planned by an earlier generation and finished")},
      stored_bundles{
          metrics.counter("exchange_raw_store_bundles_total", "Bundles written to the raw store")},
      stored_bytes{
          metrics.counter("exchange_raw_store_bytes_total", "Bytes written to the raw store")},
      failures{
          metrics.counter("exchange_relay_failures_total", "Generations that ended by a failure")},
      fenced{metrics.counter("exchange_relay_fenced_total",
                             "Generations that ended because another one took their "
                             "transactional ids")},
      repaired_partitions{metrics.counter("exchange_relay_repaired_partitions_total",
                                          "Partitions that ended in a transaction nobody could "
                                          "decide, closed by aborting into it")},
      publish_seconds{metrics.histogram(
          "exchange_relay_publish_seconds", "From append to acknowledgement by Kafka",
          {0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.3, 1, 3, 10, 60, 600})},
      window_rows{metrics.histogram("exchange_relay_window_rows", "Rows of a window",
                                    {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000})},
      read_seconds{step_seconds(metrics, "read")},
      store_seconds{step_seconds(metrics, "store")},
      plan_seconds{step_seconds(metrics, "plan")},
      send_seconds{step_seconds(metrics, "send")}
{
}

}  // namespace exchange::outbox
