#include "outbox/layout.hpp"

#include "base/murmur2.hpp"
#include "outbox/sql.hpp"

namespace exchange::outbox {

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

RecordId draw_record_id(const Layout& layout, LaneId lane, std::int64_t unix_ms, Random& random)
{
    while (true) {
        const RecordId id{make_uuid_v7(unix_ms, random)};
        if (partition_of(layout, id) % layout.lanes == number(lane)) return id;
    }
}

boost::asio::awaitable<Layout> read_layout(pg::Session& session, TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::read_layout, std::move(none), deadline);
    Layout layout;
    layout.version = static_cast<int>(rows.integer(0, 0));
    layout.lanes = static_cast<std::int16_t>(rows.integer(0, 1));
    layout.partitions = static_cast<std::int16_t>(rows.integer(0, 2));
    co_return layout;
}

}  // namespace exchange::outbox
