#include "outbox/lane_owner.hpp"

#include "base/failpoint.hpp"
#include "pg/errors.hpp"

namespace exchange::outbox {

namespace asio = boost::asio;

LaneOwner::LaneOwner(asio::any_io_executor executor, LeaseStore& store, LaneId lane,
                     std::string owner, LeaseConfig config)
    : store_{store},
      lane_{lane},
      owner_{std::move(owner)},
      config_{config},
      lease_{config},
      wake_{executor},
      changed_{executor}
{
}

void LaneOwner::stop()
{
    stopping_ = true;
    wake_.notify();
}

void LaneOwner::lost()
{
    const TimePoint now = SteadyClock::now();
    lease_.next(Refused{}, now, now);
    wake_.notify();
}

asio::awaitable<void> LaneOwner::run()
{
    LeaseAction action = lease_.wake();
    while (!stopping_) {
        if (const auto* wait = std::get_if<Wait>(&action)) {
            co_await wake_.wait_until(wait->until);
            action = lease_.wake();
            continue;
        }
        const TimePoint asked_at = SteadyClock::now();
        const LeaseEvent event = co_await ask(action);
        action = lease_.next(event, asked_at, SteadyClock::now());
        changed_.notify();
    }
    const TimePoint now = SteadyClock::now();
    action = lease_.next(StopRequested{}, now, now);
    if (const auto* release = std::get_if<Release>(&action)) co_await give_back(release->epoch);
}

asio::awaitable<LeaseEvent> LaneOwner::ask(LeaseAction action)
{
    LeaseTerms terms;
    terms.lane = lane_;
    terms.ttl = config_.ttl;
    terms.owner = owner_;
    try {
        if (const auto* renew = std::get_if<Renew>(&action)) {
            failpoint("lease/renew");
            const bool ours = co_await store_.renew(std::move(terms), renew->epoch);
            failpoint("lease/renewed");
            co_return ours ? LeaseEvent{Renewed{}} : LeaseEvent{Refused{}};
        }
        failpoint("lease/acquire");
        const std::optional<Epoch> epoch = co_await store_.acquire(std::move(terms));
        if (epoch) failpoint("lease/acquired");
        co_return epoch ? LeaseEvent{Granted{*epoch}} : LeaseEvent{Refused{}};
    } catch (const std::exception&) {
        // Unavailable, or refused for a reason that preflight reports by name.
        co_return LeaseEvent{Unreachable{}};
    }
}

asio::awaitable<void> LaneOwner::give_back(Epoch epoch)
{
    try {
        failpoint("lease/release");
        co_await store_.release(lane_, epoch);
    } catch (const std::exception&) {
        // It expires by itself; the successor only starts later.
    }
}

}  // namespace exchange::outbox
