#include "outbox/standing.hpp"

namespace exchange::outbox {

namespace asio = boost::asio;

asio::awaitable<std::optional<Halt>> PinnedStanding::look()
{
    if (kafka_) co_return kafka_;
    // Of its own: several lanes may look at once, and a session does one thing at a time.
    pg::Session session{executor_, config_};
    const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{5};
    std::vector<Pin> pins = co_await read_identity(session, deadline);
    for (Pin& found : pins) {
        if (found.pinned) continue;
        found.pinned = co_await pin(session, found.name, found.value, deadline);
    }
    postgres_ = judge_identity(pins);
    co_return postgres_;
}

void PinnedStanding::set_allowed(LaneId lane, const std::set<std::string>& topics)
{
    std::erase_if(allowed_, [lane](const auto& entry) { return entry.first == lane; });
    for (const std::string& topic : topics) allowed_.emplace(lane, topic);
}

}  // namespace exchange::outbox
