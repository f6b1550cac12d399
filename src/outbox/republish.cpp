#include "outbox/republish.hpp"

#include "outbox/raw_bytes.hpp"
#include "outbox/sql.hpp"

namespace exchange::outbox {

boost::asio::awaitable<AppendedAgain> republish(pg::Session& session, objects::RawStore& store,
                                                int layout_version, LaneId lane,
                                                std::span<const std::int64_t> ids,
                                                std::string actor, std::string reason,
                                                TimePoint deadline)
{
    const auto bodies = co_await unstaged_bytes(session, store, ids, deadline);
    pg::Params params;
    params.int4(layout_version).int2(number(lane)).int8_array(ids).bytea_array(as_elements(bodies));
    params.text(actor).text(reason);
    const pg::Rows rows = co_await session.run(sql::republish, std::move(params), deadline);
    AppendedAgain appended;
    for (int row = 0; row < rows.size(); ++row)
        appended.emplace_back(OutboxId{rows.integer(row, 0)}, OutboxId{rows.integer(row, 1)});
    co_return appended;
}

}  // namespace exchange::outbox
