#include "outbox/layout.hpp"

#include "base/murmur2.hpp"
#include "outbox/sql.hpp"

#include <string>

namespace exchange::outbox {
namespace {

// Long beside a window, short beside what a consumer of one partition notices.
constexpr std::int64_t stay_ms = 100;

}  // namespace

LaneId lane_of(const Layout& layout, std::string_view source, std::string_view key)
{
    // A byte that neither a source nor a key may hold keeps ("ab", "c") and ("a", "bc") apart.
    std::string joined;
    joined.reserve(source.size() + 1 + key.size());
    joined.append(source).push_back('\n');
    joined.append(key);
    const auto lanes = static_cast<std::uint32_t>(layout.lanes);
    return LaneId{static_cast<std::int16_t>(murmur2_positive(joined) % lanes)};
}

std::int32_t partition_of(const Layout& layout, RecordId record)
{
    const auto partitions = static_cast<std::uint32_t>(layout.partitions);
    return static_cast<std::int32_t>(murmur2_positive(to_string(record.value)) % partitions);
}

std::int32_t partition_at(const Layout& layout, LaneId lane, std::int64_t unix_ms)
{
    const auto of_lane = static_cast<std::uint32_t>(layout.partitions / layout.lanes);
    // By lot and not in turn: a sender with a beat of its own must not meet the same one each time.
    const std::uint32_t lot = murmur2_positive(std::to_string(unix_ms / stay_ms)) % of_lane;
    return number(lane) + layout.lanes * static_cast<std::int32_t>(lot);
}

RecordId draw_record_id(const Layout& layout, LaneId lane, std::int64_t unix_ms, Random& random)
{
    const std::int32_t partition = partition_at(layout, lane, unix_ms);
    while (true) {
        const RecordId id{make_uuid_v7(unix_ms, random)};
        if (partition_of(layout, id) == partition) return id;
    }
}

LaneId lane_at(const std::vector<LayoutSince>& layouts, std::int32_t partition, std::int64_t id)
{
    std::int16_t lanes = layouts.at(0).lanes;
    for (const LayoutSince& since : layouts)
        if (id > since.from_id) lanes = since.lanes;
    return LaneId{static_cast<std::int16_t>(partition % lanes)};
}

boost::asio::awaitable<Layout> read_layout(pg::Session& session, TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::read_layout, std::move(none), deadline);
    Layout layout;
    layout.version = static_cast<int>(rows.integer(0, 0));
    layout.lanes = static_cast<std::int16_t>(rows.integer(0, 1));
    layout.partitions = static_cast<std::int16_t>(rows.integer(0, 2));
    layout.lanes_ever = static_cast<std::int16_t>(rows.integer(0, 3));
    co_return layout;
}

boost::asio::awaitable<std::vector<LayoutSince>> read_layouts(pg::Session& session,
                                                              TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::read_layouts, std::move(none), deadline);
    std::vector<LayoutSince> layouts;
    for (int row = 0; row < rows.size(); ++row)
        layouts.push_back({rows.integer(row, 0), static_cast<std::int16_t>(rows.integer(row, 1))});
    co_return layouts;
}

}  // namespace exchange::outbox
