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
        row.parked = true;
    }
}

QuarantinedRow passed_over(const OutboxRow& row)
{
    QuarantinedRow what;
    what.id = row.id;
    what.record_id = row.record_id;
    what.code = row.parked ? "topic_missing" : "key_held";
    what.detail = row.parked ? fmt::format("topic {} does not exist", row.topic)
                             : "an earlier event of this record is in quarantine";
    return what;
}

std::vector<QuarantinedRow> parked_rows(const Window& window)
{
    std::vector<QuarantinedRow> rows;
    for (const OutboxRow& row : window.rows)
        if (row.parked) rows.push_back(passed_over(row));
    return rows;
}

}  // namespace exchange::outbox
