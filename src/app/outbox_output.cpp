#include "app/outbox_output.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace exchange::app {

namespace {

namespace json = boost::json;

json::object counts_of(const outbox::LaneConservation& lane)
{
    return {{"accepted", lane.accepted},   {"published", lane.published},
            {"pending", lane.pending},     {"quarantined", lane.quarantined},
            {"discarded", lane.discarded}, {"difference", lane.difference()}};
}

void print_counts(const std::string& name, const outbox::LaneConservation& lane)
{
    fmt::print("{:<6}{:>14}{:>14}{:>12}{:>13}{:>12}{:>12}\n", name, lane.accepted, lane.published,
               lane.pending, lane.quarantined, lane.discarded, lane.difference());
}

json::object object_of(const outbox::QuarantineEntry& entry)
{
    json::object object{{"id", entry.id.value},
                        {"lane", number(entry.lane)},
                        {"record_id", to_string(entry.record.value)},
                        {"code", entry.code},
                        {"detail", entry.detail},
                        {"quarantined_at", iso_time(entry.quarantined_at_us)}};
    if (entry.held_by.value != 0) object["waits_for"] = entry.held_by.value;
    if (!entry.decision.empty()) object["decision"] = entry.decision;
    if (entry.new_id.value != 0) object["appended_again_as"] = entry.new_id.value;
    return object;
}

json::object object_of(const outbox::QuarantineDetails& details)
{
    json::object object = object_of(details.entry);
    object["holds"] = json::array(details.holds.begin(), details.holds.end());
    if (details.topic.empty()) return object;
    object["topic"] = details.topic;
    object["event_id"] = to_string(details.event_id);
    object["source"] = details.source;
    object["kind"] = details.kind;
    object["schema_hint"] = details.schema_hint;
    object["api"] = details.api;
    object["sha256"] = details.sha256;
    object["size_bytes"] = details.size;
    object["correlation_id"] = details.correlation_id;
    object["traceparent"] = details.traceparent;
    object["created_at"] = iso_time(details.created_at_us);
    object["raw_bytes"] = details.staged ? "staged" : "bundled";
    return object;
}

std::string plain(const json::value& value)
{
    return value.is_string() ? std::string{value.as_string()} : json::serialize(value);
}

}  // namespace

std::string iso_time(std::int64_t unix_us)
{
    const auto seconds = static_cast<std::time_t>(unix_us / 1'000'000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

void print_status(const std::vector<outbox::LaneConservation>& lanes, bool json)
{
    const outbox::LaneConservation all = outbox::total(lanes);
    if (json) {
        json::object body{{"total", counts_of(all)}};
        json::array each;
        for (const outbox::LaneConservation& lane : lanes) {
            json::object counts = counts_of(lane);
            counts["lane"] = number(lane.lane);
            each.push_back(std::move(counts));
        }
        body["lanes"] = std::move(each);
        fmt::print("{}\n", json::serialize(body));
        return;
    }
    fmt::print("{:<6}{:>14}{:>14}{:>12}{:>13}{:>12}{:>12}\n", "lane", "accepted", "published",
               "pending", "quarantined", "discarded", "difference");
    for (const outbox::LaneConservation& lane : lanes)
        print_counts(std::to_string(number(lane.lane)), lane);
    print_counts("total", all);
    if (all.difference() != 0)
        fmt::print("\nThe counts do not add up. Hint: exchange reconcile says what differs\n");
}

void print_entries(const std::vector<outbox::QuarantineEntry>& entries, bool json)
{
    if (json) {
        json::array rows;
        for (const outbox::QuarantineEntry& entry : entries) rows.push_back(object_of(entry));
        fmt::print("{}\n", json::serialize(json::object{{"rows", std::move(rows)}}));
        return;
    }
    if (entries.empty()) {
        fmt::print("no row is in quarantine\n");
        return;
    }
    fmt::print("{:>12} {:>4} {:<20} {:<36} {:<20} {}\n", "id", "lane", "since", "record", "code",
               "detail");
    for (const outbox::QuarantineEntry& entry : entries) {
        std::string more = entry.detail;
        if (entry.held_by.value != 0) more += fmt::format("; waits for {}", entry.held_by.value);
        if (!entry.decision.empty()) more += fmt::format("; {}", entry.decision);
        if (entry.new_id.value != 0) more += fmt::format(" as {}", entry.new_id.value);
        fmt::print("{:>12} {:>4} {:<20} {:<36} {:<20} {}\n", entry.id.value, number(entry.lane),
                   iso_time(entry.quarantined_at_us), to_string(entry.record.value), entry.code,
                   more);
    }
}

void print_details(const outbox::QuarantineDetails& details, bool json)
{
    const json::object object = object_of(details);
    if (json) {
        fmt::print("{}\n", json::serialize(object));
        return;
    }
    for (const auto& [name, value] : object)
        fmt::print("{:<18} {}\n", std::string_view{name.data(), name.size()}, plain(value));
}

void print_decision(std::int64_t id, bool release, const outbox::AppendedAgain& appended, bool json)
{
    const char* verb = release ? "released" : "discarded";
    if (json) {
        json::array rows;
        for (const auto& [old_id, new_id] : appended)
            rows.push_back(json::object{{"id", old_id.value}, {"appended_as", new_id.value}});
        fmt::print("{}\n",
                   json::serialize(json::object{
                       {"id", id}, {"decision", verb}, {"appended_again", std::move(rows)}}));
        return;
    }
    fmt::print("{} {}\n", verb, id);
    for (const auto& [old_id, new_id] : appended)
        fmt::print("  the event of row {} goes out as row {}\n", old_id.value, new_id.value);
}

}  // namespace exchange::app
