#pragma once

#include "outbox/conservation.hpp"
#include "outbox/quarantine.hpp"

#include <vector>

// What the verbs of `exchange outbox` print: a table, or one JSON document.
namespace exchange::app {

void print_status(const std::vector<outbox::LaneConservation>& lanes, bool json);
void print_entries(const std::vector<outbox::QuarantineEntry>& entries, bool json);
void print_details(const outbox::QuarantineDetails& details, bool json);
void print_decision(std::int64_t id, bool release, const outbox::AppendedAgain& appended,
                    bool json);

// 2026-11-25T01:02:03Z
std::string iso_time(std::int64_t unix_us);

}  // namespace exchange::app
