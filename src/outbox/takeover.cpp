#include "outbox/takeover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace exchange::outbox {
namespace {

std::optional<std::int64_t> number_header(const kafka::Tail::Last& last, const char* name)
{
    const auto found = last.headers.find(name);
    if (found == last.headers.end()) return std::nullopt;
    const std::string& text = found->second;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool holds_event(const kafka::Tail::Last& last, const Uuid& event)
{
    const auto found = last.headers.find("ce_id");
    return found != last.headers.end() && found->second == to_string(event);
}

std::string name(const kafka::TopicPartition& partition)
{
    return fmt::format("{}/{}", partition.topic, partition.partition);
}

constexpr const char* reconcile_remedy =
    "This broker's log and this database do not belong together. Check KAFKA_BROKERS and "
    "DATABASE_URL, and compare both with exchange reconcile. To go on with this log for good, run "
    "exchange pins accept kafka_log (docs/runbook/lane-halted.md)";

Halt halt(const std::string& cause)
{
    return {cause, reconcile_remedy};
}

std::variant<Position, Halt> judge(const kafka::TopicPartition& partition, const kafka::Tail& tail,
                                   const Position& published, const LaneHistory& history)
{
    if (tail.end <= published.offset)
        return halt(fmt::format("{} ends at offset {}, but offset {} was published: the topic was "
                                "made anew or cut",
                                name(partition), tail.end, published.offset));
    if (!tail.last && tail.begin <= published.offset)
        return halt(fmt::format("{} holds no committed record, but offset {} was published and is "
                                "not past its retention",
                                name(partition), published.offset));
    // Nothing kept, all of it past the broker's retention: go on from what we know.
    if (!tail.last) return published;

    const auto id = number_header(*tail.last, "x-id");
    const auto sequence = number_header(*tail.last, "x-pseq");
    if (!id || !sequence)
        return halt(
            fmt::format("the last record of {} (offset {}) was not written by this exchange",
                        name(partition), tail.last->offset));
    if (*id > history.planned_up_to)
        return halt(fmt::format("{} holds outbox id {}, which this database never planned "
                                "(it planned up to {})",
                                name(partition), *id, history.planned_up_to));
    if (*id <= history.settled_up_to && *sequence > published.sequence)
        return halt(fmt::format("{} holds outbox id {} as number {}, but only number {} was "
                                "published when the number of lanes changed",
                                name(partition), *id, *sequence, published.sequence));
    const bool behind = *sequence < published.sequence || *id < published.last_id;
    // What follows the recorded one and is hidden behind that copy is published again, as copies.
    if (behind && history.copies_possible)
        return Position{published.offset, published.sequence, std::max(*id, published.last_id)};
    if (behind)
        return halt(fmt::format("the last record of {} is number {}, but number {} was published",
                                name(partition), *sequence, published.sequence));
    // Rows up to its id would be taken for published; another database may have written it.
    const auto planned = history.unfinished.find(*id);
    const bool ours =
        planned != history.unfinished.end() && holds_event(*tail.last, planned->second);
    if (*sequence > published.sequence && !ours)
        return halt(fmt::format("{} holds outbox id {} for an event that this database does not "
                                "know under it",
                                name(partition), *id));
    return Position{tail.last->offset, *sequence, *id};
}

}  // namespace

std::variant<Positions, Halt> judge_tails(const std::map<kafka::TopicPartition, kafka::Tail>& tails,
                                          const LaneHistory& history)
{
    Positions positions;
    for (const auto& [partition, tail] : tails) {
        const auto found = history.published.find(partition);
        const Position published = found == history.published.end() ? Position{} : found->second;
        const auto verdict = judge(partition, tail, published, history);
        if (const auto* stop = std::get_if<Halt>(&verdict)) return *stop;
        positions[partition] = std::get<Position>(verdict);
    }
    return positions;
}

std::vector<kafka::TopicPartition> partitions_of_lane(LaneId lane, std::int16_t lanes,
                                                      std::int16_t partitions,
                                                      const std::vector<std::string>& topics)
{
    std::vector<kafka::TopicPartition> mine;
    for (const std::string& topic : topics)
        for (std::int32_t partition = number(lane); partition < partitions; partition += lanes)
            mine.push_back({topic, partition});
    return mine;
}

}  // namespace exchange::outbox
