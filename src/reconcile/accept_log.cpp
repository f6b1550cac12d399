#include "reconcile/accept_log.hpp"

#include "kafka/log_scan.hpp"
#include "outbox/layout.hpp"
#include "outbox/takeover.hpp"
#include "reconcile/object_name.hpp"
#include "reconcile/pg_outbox_rows.hpp"
#include "reconcile/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace exchange::reconcile {
namespace {

namespace asio = boost::asio;

using Tails = std::map<kafka::TopicPartition, kafka::Tail>;

constexpr std::size_t messages_per_read = 2000;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{60};
}

std::int64_t number_of(const std::map<std::string, std::string>& headers, const char* name)
{
    const auto found = headers.find(name);
    std::int64_t value = -1;
    if (found == headers.end()) return value;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

struct Lane {
    LaneId lane{};
    std::int64_t published_to = 0;
    std::int64_t planned_to = 0;
    outbox::LaneHistory history;
};

// Where a lane's partitions stand, whatever the database says.
struct LogEnds {
    outbox::Positions positions;
    std::int64_t highest_id = 0;
    std::int64_t highest_epoch = 0;
};

outbox::Positions read_positions(const pg::Rows& rows, int row)
{
    const auto topics = rows.byte_strings(row, 4);
    const auto partitions = rows.integers(row, 5);
    const auto offsets = rows.integers(row, 6);
    const auto sequences = rows.integers(row, 7);
    outbox::Positions positions;
    for (std::size_t at = 0; at < topics.size(); ++at) {
        kafka::TopicPartition partition;
        partition.topic = topics[at];
        partition.partition = static_cast<std::int32_t>(partitions.at(at));
        positions[std::move(partition)] = outbox::Position{offsets.at(at), sequences.at(at), 0};
    }
    return positions;
}

// A partition without any record: past its retention it goes on from what was published; made anew
// it begins at one.
outbox::Position empty_position(const kafka::Tail& tail, const outbox::Position& published)
{
    if (tail.begin > published.offset && tail.begin > 0) return published;
    return outbox::Position{tail.begin - 1, 0, 0};
}

LogEnds ends_of(const Tails& tails, const outbox::Positions& published)
{
    LogEnds ends;
    for (const auto& [partition, tail] : tails) {
        const std::string name = fmt::format("{}/{}", partition.topic, partition.partition);
        if (tail.stable_end < tail.end)
            throw kafka::Error{kafka::Fault::unavailable,
                               name + " ends in an open transaction. Hint: try again in a minute"};
        outbox::Position& position = ends.positions[partition];
        if (!tail.last) {
            const auto was = published.find(partition);
            position = empty_position(tail, was == published.end() ? position : was->second);
            continue;
        }
        const auto& headers = tail.last->headers;
        position.last_id = number_of(headers, "x-id");
        position.sequence = number_of(headers, "x-pseq");
        const std::int64_t epoch = number_of(headers, "x-epoch");
        if (position.last_id < 0 || position.sequence < 0 || epoch < 0)
            throw std::runtime_error{name + " ends in a record that no exchange wrote. Hint: look "
                                            "for its writer, and make the topic anew"};
        position.offset = tail.last->offset;
        ends.highest_id = std::max(ends.highest_id, position.last_id);
        ends.highest_epoch = std::max(ends.highest_epoch, epoch);
    }
    return ends;
}

class Acceptance {
public:
    Acceptance(pg::Session& session, objects::RawStore& store, LogTerms terms)
        : session_{session}, store_{store}, terms_{std::move(terms)}
    {
    }

    asio::awaitable<void> prepare()
    {
        layout_ = co_await outbox::read_layout(session_, soon());
        std::vector<std::string> names;
        for (const kafka::TopicSpec& topic : terms_.topics) names.push_back(topic.name);
        const kafka::ClusterState cluster =
            co_await kafka::cluster_state(terms_.kafka, std::move(names), soon());
        for (const auto& [name, state] : cluster.topics) topics_.push_back(name);
        const pg::Rows rows = co_await session_.run(sql::lane_history, pg::Params{}, soon());
        for (int row = 0; row < rows.size(); ++row) {
            Lane lane;
            lane.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 0))};
            lane.published_to = rows.integer(row, 1);
            lane.planned_to = rows.integer(row, 2);
            lane.history.planned_up_to = std::max(lane.planned_to, rows.integer(row, 3));
            lane.history.published = read_positions(rows, row);
            lane.history.settled_up_to = rows.integer(row, 8);
            lanes_.push_back(std::move(lane));
        }
    }

    asio::awaitable<std::vector<LaneLog>> accept_all()
    {
        std::vector<LaneLog> logs;
        for (const Lane& lane : lanes_)
            if (number(lane.lane) < layout_.lanes) logs.push_back(co_await accept(lane));
        co_return logs;
    }

    asio::awaitable<std::int64_t> skip_all()
    {
        std::int64_t highest = 0;
        for (const Lane& lane : lanes_) {
            const Tails tails = co_await read_lane(lane);
            const std::int64_t stored = co_await highest_object(lane);
            highest =
                std::max({highest, ends_of(tails, lane.history.published).highest_id, stored});
        }
        pg::Params params;
        params.int8(highest);
        co_await session_.run(sql::draw_ids_above, std::move(params), soon());
        co_return highest;
    }

private:
    // None of a lane that is out of use.
    std::vector<kafka::TopicPartition> partitions_of(const Lane& lane) const
    {
        if (number(lane.lane) >= layout_.lanes) return {};
        return outbox::partitions_of_lane(lane.lane, layout_.lanes, layout_.partitions, topics_);
    }

    asio::awaitable<Tails> read_lane(const Lane& lane)
    {
        std::vector<kafka::TopicPartition> partitions = partitions_of(lane);
        if (partitions.empty()) co_return Tails{};
        co_return co_await kafka::read_tails(terms_.kafka, std::move(partitions), soon());
    }

    // Of those that the database never planned.
    asio::awaitable<std::int64_t> highest_object(const Lane& lane)
    {
        const std::string prefix = fmt::format("{}{:02}/", bundles_prefix, number(lane.lane));
        std::string after = fmt::format("{}{:019}", prefix, lane.planned_to + 1);
        std::int64_t highest = 0;
        while (true) {
            const std::vector<objects::ObjectInfo> page =
                co_await store_.list(prefix, after, soon());
            for (const objects::ObjectInfo& object : page)
                if (const auto name = parse_object_name(object.key))
                    highest = std::max(highest, name->first_id);
            if (page.size() < 1000) co_return highest;
            after = page.back().key;
        }
    }

    asio::awaitable<LaneLog> accept(const Lane& lane)
    {
        const Tails tails = co_await read_lane(lane);
        const LogEnds ends = ends_of(tails, lane.history.published);
        LaneLog log;
        log.lane = lane.lane;
        log.planned_to = lane.planned_to;
        log.log_to = ends.highest_id;
        outbox::LaneHistory history = lane.history;
        history.unfinished = co_await planned_events(lane, tails);
        const auto verdict = outbox::judge_tails(tails, history);
        if (const auto* halt = std::get_if<outbox::Halt>(&verdict)) log.cause = halt->cause;
        if (log.cause.empty()) co_return log;
        // Bundles of ids that the log does not hold are kept, too: they may be all that is left.
        if (ends.highest_id > lane.planned_to)
            log.log_to = std::max(log.log_to, co_await highest_object(lane));
        std::vector<std::int64_t> taken;
        const std::int64_t rows = co_await find_taken(lane, ends, log.log_to, taken);
        log.appended_again = taken.size();
        co_await write(lane, ends, log, rows, taken);
        co_return log;
    }

    // Those of the ids that the log ends in.
    asio::awaitable<std::map<std::int64_t, Uuid>> planned_events(const Lane& lane,
                                                                 const Tails& tails)
    {
        std::vector<std::int64_t> ids;
        for (const auto& [partition, tail] : tails)
            if (tail.last) ids.push_back(number_of(tail.last->headers, "x-id"));
        pg::Params params;
        params.int8_array(ids);
        const pg::Rows rows = co_await session_.run(sql::rows_by_id, std::move(params), soon());
        std::map<std::int64_t, Uuid> events;
        for (int row = 0; row < rows.size(); ++row) {
            const std::int64_t id = rows.integer(row, 0);
            if (rows.integer(row, 4) == number(lane.lane) && id > lane.published_to &&
                id <= lane.planned_to)
                events.emplace(id, rows.uuid(row, 3));
        }
        co_return events;
    }

    // Unpublished rows whose ids the log gave to other events; answers how many rows were looked
    // at.
    asio::awaitable<std::int64_t> find_taken(const Lane& lane, const LogEnds& ends,
                                             std::int64_t log_to, std::vector<std::int64_t>& taken)
    {
        PgOutboxRows rows{session_, log_to, terms_.topic_prefix};
        rows.begin_after(lane.published_to);
        std::int64_t looked_at = 0;
        std::map<std::int64_t, std::string> passed;
        while (true) {
            const std::vector<ExpectedRow> page = co_await rows.next();
            if (page.empty()) break;
            for (const ExpectedRow& row : page) {
                if (row.lane != lane.lane) continue;
                ++looked_at;
                const kafka::TopicPartition at{row.topic,
                                               outbox::partition_of(layout_, row.record)};
                const auto end = ends.positions.find(at);
                const bool behind = end != ends.positions.end() && row.id <= end->second.last_id;
                if (behind && !row.passed_over) passed[row.id] = to_string(row.event);
            }
        }
        if (!passed.empty()) co_await strike_out_logged(lane, passed);
        for (const auto& [id, event] : passed) taken.push_back(id);
        co_return looked_at;
    }

    // Leaves those in `events` that the log does not hold under their id.
    asio::awaitable<void> strike_out_logged(const Lane& lane,
                                            std::map<std::int64_t, std::string>& events)
    {
        const std::vector<kafka::TopicPartition> partitions = partitions_of(lane);
        std::vector<std::string> headers{"x-id", "ce_id"};
        const std::unique_ptr<kafka::LogScan> scan =
            co_await kafka::open_log_scan(terms_.kafka, partitions, std::move(headers), soon());
        for (const kafka::TopicPartition& at : partitions) {
            while (true) {
                const std::vector<kafka::ScannedMessage> read =
                    co_await scan->read(at, messages_per_read, soon());
                if (read.empty()) break;
                for (const kafka::ScannedMessage& message : read) {
                    const std::map<std::string, std::string> named{{"x-id", message.headers[0]}};
                    const auto found = events.find(number_of(named, "x-id"));
                    if (found != events.end() && found->second == message.headers[1])
                        events.erase(found);
                }
            }
        }
    }

    asio::awaitable<void> write(const Lane& lane, const LogEnds& ends, const LaneLog& log,
                                std::int64_t rows, const std::vector<std::int64_t>& taken)
    {
        std::vector<std::string_view> topics;
        std::vector<std::int32_t> partitions;
        std::vector<std::int64_t> offsets;
        std::vector<std::int64_t> sequences;
        for (const auto& [partition, position] : ends.positions) {
            topics.push_back(partition.topic);
            partitions.push_back(partition.partition);
            offsets.push_back(position.offset);
            sequences.push_back(position.sequence);
        }
        pg::Params params;
        params.int2(number(lane.lane)).int8(log.log_to).int8(ends.highest_epoch);
        params.text_array(topics).int4_array(partitions).int8_array(offsets);
        params.int8_array(sequences).int8(rows).int8_array(taken);
        params.text(terms_.actor).text(terms_.reason);
        co_await session_.run(sql::accept_log, std::move(params), soon());
    }

    pg::Session& session_;
    objects::RawStore& store_;
    LogTerms terms_;
    outbox::Layout layout_;
    std::vector<std::string> topics_;
    std::vector<Lane> lanes_;
};

}  // namespace

asio::awaitable<std::vector<LaneLog>> accept_logs(pg::Session& session, objects::RawStore& store,
                                                  LogTerms terms)
{
    Acceptance acceptance{session, store, std::move(terms)};
    co_await acceptance.prepare();
    co_return co_await acceptance.accept_all();
}

asio::awaitable<std::int64_t> skip_known_ids(pg::Session& session, objects::RawStore& store,
                                             LogTerms terms)
{
    Acceptance acceptance{session, store, std::move(terms)};
    co_await acceptance.prepare();
    co_return co_await acceptance.skip_all();
}

}  // namespace exchange::reconcile
