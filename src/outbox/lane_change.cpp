#include "outbox/lane_change.hpp"

#include "outbox/sql.hpp"

namespace exchange::outbox {

boost::asio::awaitable<std::vector<LaneRow>> list_lanes(pg::Session& session, TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::list_lanes, std::move(none), deadline);
    std::vector<LaneRow> lanes;
    for (int row = 0; row < rows.size(); ++row) {
        LaneRow lane;
        lane.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 0))};
        lane.used = rows.boolean(row, 1);
        lane.epoch = Epoch{rows.integer(row, 2)};
        lane.owner = rows.bytes(row, 3);
        lanes.push_back(std::move(lane));
    }
    co_return lanes;
}

boost::asio::awaitable<LaneChange> change_lanes(pg::Session& session, LaneChangeTerms terms)
{
    // Beside the wait for events, one for the lanes' locks.
    const TimePoint deadline = SteadyClock::now() + terms.patience + std::chrono::seconds{20};
    pg::Params params;
    params.int2(terms.lanes).interval(terms.patience).text(terms.actor).text(terms.reason);
    // Intake waits meanwhile: nobody may be left waiting for an operator who is gone.
    std::vector<pg::Step> steps;
    steps.push_back({sql::notice_gone_client, {}});
    steps.push_back({sql::change_lanes, std::move(params)});
    try {
        const std::vector<pg::Rows> rows = co_await session.transaction(std::move(steps), deadline);
        co_return rows.at(1).boolean(0, 0) ? LaneChange::changed : LaneChange::unchanged;
    } catch (const pg::Refused& refused) {
        if (refused.sqlstate() == "EX006") co_return LaneChange::does_not_divide;
        if (refused.sqlstate() == "EX007") co_return LaneChange::in_quarantine;
        if (refused.sqlstate() == "EX008") co_return LaneChange::not_published;
        throw;
    }
}

std::int16_t lanes_for(unsigned processors, std::int16_t partitions)
{
    std::int16_t lanes = 1;
    while (2 * lanes <= static_cast<int>(processors) / 2 && partitions % (2 * lanes) == 0)
        lanes = static_cast<std::int16_t>(2 * lanes);
    return lanes;
}

}  // namespace exchange::outbox
