#include "reconcile/object_judge.hpp"

#include "reconcile/object_name.hpp"
#include "reconcile/sql.hpp"

#include <stdexcept>

namespace exchange::reconcile {

boost::asio::awaitable<std::vector<ObjectState>>
judge_objects(pg::Session& session, std::string key_prefix, std::vector<std::string> keys,
              std::int16_t lanes, TimePoint deadline)
{
    std::vector<ObjectState> states(keys.size(), ObjectState::foreign);
    std::vector<std::size_t> asked;
    std::vector<std::int16_t> key_lanes;
    std::vector<std::int64_t> first_ids;
    std::vector<std::string> full_keys;
    for (std::size_t at = 0; at < keys.size(); ++at) {
        const auto name = parse_object_name(keys[at]);
        if (!name || number(name->lane) >= lanes) continue;
        asked.push_back(at);
        key_lanes.push_back(number(name->lane));
        first_ids.push_back(name->first_id);
        full_keys.push_back(key_prefix + keys[at]);
    }
    if (asked.empty()) co_return states;
    const std::vector<std::string_view> views(full_keys.begin(), full_keys.end());
    pg::Params params;
    params.int2_array(key_lanes).int8_array(first_ids).text_array(views);
    const pg::Rows rows = co_await session.run(sql::judge_objects, std::move(params), deadline);
    if (static_cast<std::size_t>(rows.size()) != asked.size())
        throw std::logic_error{"judge_objects answered another number of rows than it was given"};
    for (int row = 0; row < rows.size(); ++row) {
        const std::int64_t state = rows.integer(row, 0);
        states[asked[static_cast<std::size_t>(row)]] = state == 0   ? ObjectState::bundle
                                                       : state == 1 ? ObjectState::open
                                                                    : ObjectState::orphan;
    }
    co_return states;
}

}  // namespace exchange::reconcile
