#include "outbox/lane_share.hpp"

#include "outbox/sql.hpp"

#include <algorithm>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{2};
}

}  // namespace

std::size_t lane_share(std::size_t lanes, const std::vector<std::string>& alive,
                       const std::string& me)
{
    const auto found = std::ranges::find(alive, me);
    if (found == alive.end()) return lanes;
    const auto rank = static_cast<std::size_t>(found - alive.begin());
    return lanes / alive.size() + (rank < lanes % alive.size() ? 1 : 0);
}

RelayRegister::RelayRegister(asio::any_io_executor executor, pg::ConnectConfig config,
                             std::string owner, Duration ttl)
    : session_{std::move(executor), std::move(config)}, owner_{std::move(owner)}, ttl_{ttl}
{
}

asio::awaitable<std::vector<std::string>> RelayRegister::beat()
{
    pg::Params params;
    params.text(owner_).interval(std::chrono::duration_cast<std::chrono::microseconds>(ttl_));
    const pg::Rows rows = co_await session_.run(sql::beat, std::move(params), soon());
    std::vector<std::string> alive;
    for (int row = 0; row < rows.size(); ++row) alive.emplace_back(rows.bytes(row, 0));
    co_return alive;
}

asio::awaitable<void> RelayRegister::leave()
{
    pg::Params params;
    params.text(owner_);
    co_await session_.run(sql::leave, std::move(params), soon());
}

}  // namespace exchange::outbox
