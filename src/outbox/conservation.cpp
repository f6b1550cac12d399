#include "outbox/conservation.hpp"

#include "outbox/sql.hpp"

#include <algorithm>

namespace exchange::outbox {

namespace {

// Of all lanes together: a look counts at most about twice as many rows.
constexpr std::int64_t ids_counted_per_look = 40'000;

}  // namespace

boost::asio::awaitable<std::vector<LaneConservation>> read_conservation(pg::Session& session,
                                                                        TimePoint deadline)
{
    const pg::Rows rows = co_await session.run(sql::read_conservation, pg::Params{}, deadline);
    std::vector<LaneConservation> lanes;
    for (int row = 0; row < rows.size(); ++row) {
        LaneConservation lane;
        lane.lane = LaneId{static_cast<std::int16_t>(rows.integer(row, 0))};
        lane.accepted = rows.integer(row, 1);
        lane.published = rows.integer(row, 2);
        lane.pending = rows.integer(row, 3);
        lane.quarantined = rows.integer(row, 4);
        lane.discarded = rows.integer(row, 5);
        lanes.push_back(lane);
    }
    co_return lanes;
}

boost::asio::awaitable<void> advance_tallies(pg::Session& session, const Layout& layout,
                                             TimePoint deadline)
{
    const std::int64_t lanes = std::max<std::int64_t>(layout.lanes, 1);
    pg::Params params;
    params.int8(std::max<std::int64_t>(ids_counted_per_look / lanes, 1000));
    co_await session.run(sql::advance_tallies, std::move(params), deadline);
}

LaneConservation total(const std::vector<LaneConservation>& lanes)
{
    LaneConservation sum;
    for (const LaneConservation& lane : lanes) {
        sum.accepted += lane.accepted;
        sum.published += lane.published;
        sum.pending += lane.pending;
        sum.quarantined += lane.quarantined;
        sum.discarded += lane.discarded;
    }
    return sum;
}

void expose(obs::Metrics& metrics, const std::vector<LaneConservation>& lanes)
{
    for (const LaneConservation& lane : lanes) {
        const std::string name = std::to_string(number(lane.lane));
        const auto set = [&](const char* metric, const char* help, std::int64_t value) {
            metrics.gauge(metric, help, {{"lane", name}}).set(static_cast<double>(value));
        };
        set("exchange_conservation_accepted", "Events accepted, ever", lane.accepted);
        set("exchange_conservation_published", "Events in Kafka, ever", lane.published);
        set("exchange_conservation_pending", "Events that wait for the relay", lane.pending);
        set("exchange_conservation_quarantined", "Events passed over until an operator decides",
            lane.quarantined);
        set("exchange_conservation_discarded", "Events an operator gave up", lane.discarded);
        set("exchange_conservation_difference",
            "Accepted events that are nowhere; always 0 unless something is wrong",
            lane.difference());
    }
}

}  // namespace exchange::outbox
