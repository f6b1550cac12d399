#include "outbox/parking.hpp"

#include <fmt/format.h>

namespace exchange::outbox {

std::vector<std::string> topics_there(const std::vector<std::string>& topics,
                                      const std::set<std::string>& missing)
{
    std::vector<std::string> there;
    for (const std::string& topic : topics)
        if (!missing.contains(topic)) there.push_back(topic);
    return there;
}

void park(Window& window, const std::string& topic_prefix, const std::set<std::string>& missing)
{
    if (missing.empty()) return;
    for (OutboxRow& row : window.rows) {
        std::string topic = topic_prefix;
        topic.append(row.topic);
        if (row.held || !missing.contains(topic)) continue;
        row.held = true;
        row.parked = Parked::topic_missing;
    }
}

void park_denied(Window& window, const DeniedTerms& terms, const std::set<std::string>& denied,
                 const Positions& positions)
{
    if (denied.empty()) return;
    for (OutboxRow& row : window.rows) {
        const kafka::TopicPartition place = place_of(row, terms.topic_prefix, terms.partitions);
        if (row.held || !denied.contains(place.topic)) continue;
        const auto position = positions.find(place);
        if (position != positions.end() && row.id.value <= position->second.last_id) continue;
        row.held = true;
        row.parked = Parked::topic_denied;
    }
}

QuarantinedRow passed_over(const OutboxRow& row)
{
    QuarantinedRow what;
    what.id = row.id;
    what.record_id = row.record_id;
    switch (row.parked) {
    case Parked::topic_missing:
        what.code = "topic_missing";
        what.detail = fmt::format("topic {} does not exist", row.topic);
        break;
    case Parked::topic_denied:
        what.code = "topic_denied";
        what.detail = fmt::format("topic {} may not be written to", row.topic);
        break;
    case Parked::no:
        what.code = "key_held";
        what.detail = "an earlier event of this record is in quarantine";
        break;
    }
    return what;
}

std::vector<QuarantinedRow> parked_rows(const Window& window)
{
    std::vector<QuarantinedRow> rows;
    for (const OutboxRow& row : window.rows)
        if (row.parked != Parked::no) rows.push_back(passed_over(row));
    return rows;
}

}  // namespace exchange::outbox
