#include "outbox/lane_owner.hpp"

#include "base/failpoint.hpp"
#include "pg/errors.hpp"

#include <utility>

namespace exchange::outbox {

namespace asio = boost::asio;

LaneOwner::LaneOwner(asio::any_io_executor executor, LeaseStore& store, LaneId lane,
                     std::string owner, LeaseConfig config, std::function<bool()> may_take)
    : store_{store},
      lane_{lane},
      owner_{std::move(owner)},
      config_{config},
      lease_{config},
      may_take_{std::move(may_take)},
      wake_{executor},
      changed_{executor}
{
}

void LaneOwner::stop()
{
    stopping_ = true;
    wake_.notify();
}

// The epoch is gone at once; `run` tells Postgres.
void LaneOwner::hand_over()
{
    const TimePoint now = SteadyClock::now();
    const LeaseAction action = lease_.next(StopRequested{}, now, now);
    if (const auto* release = std::get_if<Release>(&action)) giving_back_ = release->epoch;
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
        if (giving_back_) {
            co_await give_back(*std::exchange(giving_back_, std::nullopt));
            action = Wait{SteadyClock::now() + config_.seek_every};
            continue;
        }
        if (const auto* wait = std::get_if<Wait>(&action)) {
            co_await wake_.wait_until(wait->until);
            action = lease_.wake();
            continue;
        }
        const bool taking = std::holds_alternative<Acquire>(action);
        if (taking && may_take_ && !may_take_()) {
            action = Wait{SteadyClock::now() + config_.seek_every};
            continue;
        }
        const TimePoint asked_at = SteadyClock::now();
        asking_ = taking;
        const LeaseEvent event = co_await ask(action);
        asking_ = false;
        met_another_ = std::holds_alternative<Refused>(event);
        action = lease_.next(event, asked_at, SteadyClock::now());
        changed_.notify();
    }
    if (giving_back_) co_await give_back(*giving_back_);
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
