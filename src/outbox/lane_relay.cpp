#include "outbox/lane_relay.hpp"
#include "outbox/lane_generation.hpp"

#include "base/backoff.hpp"
#include "pg/errors.hpp"

#include <fmt/format.h>

#include <utility>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

bool is_of_postgres(const std::exception& failure)
{
    return dynamic_cast<const pg::Unavailable*>(&failure) ||
           dynamic_cast<const pg::Refused*>(&failure);
}

}  // namespace

LaneRelay::LaneRelay(asio::any_io_executor executor, RelayPorts ports, LaneOwner& owner,
                     LaneId lane, Layout layout, std::vector<std::string> topics,
                     RelayConfig config, RelayMetrics& metrics, obs::Log& log, obs::Health& health)
    : executor_{executor},
      ports_{ports},
      owner_{owner},
      lane_{lane},
      layout_{layout},
      topics_{std::move(topics)},
      config_{config},
      metrics_{metrics},
      log_{log},
      health_{health},
      component_{fmt::format("lane/{}", number(lane))},
      wake_{executor}
{
}

void LaneRelay::stop()
{
    stopping_ = true;
    drain();
}

void LaneRelay::drain()
{
    if (!draining_) draining_since_ = SteadyClock::now();
    draining_ = true;
    wake_.notify();
    owner_.changed().notify();
}

void LaneRelay::yield()
{
    yielding_ = true;
    wake_.notify();
}

// What was accepted just after the start is published before the end too, though the lane may have
// to be acquired first; not if another owns it, nor where Postgres does not answer.
bool LaneRelay::gives_up_draining() const
{
    return draining_ && (owner_.met_another() ||
                         SteadyClock::now() >= draining_since_ + config_.acquire_to_drain);
}

// The lane is another's now, or will be: what was wrong with it is theirs to tell.
void LaneRelay::stand_aside()
{
    set_halted(false);
    health_.ok(component_);
}

asio::awaitable<void> LaneRelay::run()
{
    Backoff backoff{config_.retry_first, config_.retry_most};
    while (!stopping_ && !drained_) {
        if (std::exchange(yielding_, false) && owner_.epoch()) {
            log_.info("lane_handed_over", {{"lane", number(lane_)}});
            metrics_.handed_over_lanes.add();
            owner_.hand_over();
            stand_aside();
        }
        const std::optional<Epoch> epoch = owner_.epoch();
        if (!epoch) {
            cut_off_since_.reset();
            forget_topics();
            if (owner_.met_another()) stand_aside();
            if (gives_up_draining()) break;
            co_await owner_.changed().wait_until(SteadyClock::now() + std::chrono::seconds{1});
            continue;
        }
        bool failed = true;
        try {
            co_await generation(*epoch);
            failed = false;
        } catch (const LeaseLost&) {
            owner_.lost();
            log_.info("lane_lost", {{"lane", number(lane_)}, {"epoch", epoch->value}});
        } catch (const Renewal&) {
            failed = false;
        } catch (const Halted& halted) {
            set_halted(true);
            report(halted.what(), halted.remedy, obs::Condition::failed);
        } catch (const kafka::Error& failure) {
            if (failure.fault() == kafka::Fault::fenced) metrics_.fenced.add();
            if (failure.fault() != kafka::Fault::unavailable) cut_off_since_.reset();
            else if (!cut_off_since_) cut_off_since_ = SteadyClock::now();
            const bool denied = failure.fault() == kafka::Fault::denied;
            refused_ |= denied;
            report(failure.what(), denied ? denied_remedy : retried_remedy,
                   denied ? obs::Condition::failed : obs::Condition::degraded);
        } catch (const std::exception& failure) {
            report(failure.what(), retried_remedy, obs::Condition::degraded);
            // What was sent may yet be committed under this epoch. Taking the lease anew waits for
            // it, and what comes later is refused.
            if (is_of_postgres(failure)) owner_.lost();
        }
        if (!failed) {
            backoff.reset();
            continue;
        }
        metrics_.failures.add();
        if (draining_) break;
        co_await wake_.wait_until(SteadyClock::now() + backoff.pause());
    }
    forget_topics();
}

void LaneRelay::report(const std::string& cause, const std::string& remedy,
                       obs::Condition condition)
{
    obs::Status status;
    status.condition = condition;
    status.cause = cause;
    status.remedy = remedy;
    health_.set(component_, std::move(status));
}

void LaneRelay::set_halted(bool halted)
{
    if (halted == halted_) return;
    halted_ = halted;
    metrics_.halted_lanes.add(halted ? 1 : -1);
}

}  // namespace exchange::outbox
