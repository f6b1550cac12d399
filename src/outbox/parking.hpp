#pragma once

#include "outbox/ports.hpp"

#include <set>
#include <string>
#include <vector>

// Rows whose topic does not exist or may not be written to: they are passed over like rows that are
// held, and put into quarantine until the topic takes them (docs/adr, "Events of a missing topic",
// "Events of a denied topic"). Pure.
namespace exchange::outbox {

// Topics by full name, with the prefix.
std::vector<std::string> topics_there(const std::vector<std::string>& topics,
                                      const std::set<std::string>& missing);

// Marks rows of missing topics that were not held before.
void park(Window& window, const std::string& topic_prefix, const std::set<std::string>& missing);

// Marks rows of denied topics that were not held before. Not those that the log holds already:
// unlike a missing topic's, its partitions still have what was published to them.
struct DeniedTerms {
    std::string topic_prefix;
    std::int32_t partitions = 0;
};
void park_denied(Window& window, const DeniedTerms& terms, const std::set<std::string>& denied,
                 const Positions& positions);

// What quarantine is told of a row that is held or parked.
QuarantinedRow passed_over(const OutboxRow& row);

// Of the window's parked rows.
std::vector<QuarantinedRow> parked_rows(const Window& window);

}  // namespace exchange::outbox
