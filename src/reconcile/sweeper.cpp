#include "reconcile/sweeper.hpp"

#include "reconcile/store_owner.hpp"

#include <algorithm>

namespace exchange::reconcile {

namespace asio = boost::asio;

namespace {

// A round that could not be made is soon tried again: it must not be told as trouble for hours.
constexpr Duration retry_every = std::chrono::seconds{5};

}  // namespace

Sweeper::Sweeper(asio::any_io_executor executor, pg::ConnectConfig config, outbox::Layout layout,
                 objects::RawStore& store, outbox::Standing& standing, SweeperConfig settings,
                 obs::Metrics& metrics, obs::Log& log, obs::Health& health)
    : session_{executor, std::move(config)},
      layout_{layout},
      store_{store},
      standing_{standing},
      settings_{settings},
      log_{log},
      health_{health},
      orphans_{metrics.gauge("exchange_sweep_orphans",
                             "Objects of the raw store that no bundle names, marked for removal")},
      foreign_{metrics.gauge("exchange_sweep_foreign_objects",
                             "Objects among the bundles that are none; they are left alone")},
      removed_{metrics.counter("exchange_sweep_removed_total", "Orphans removed")},
      rounds_{metrics.counter("exchange_sweep_rounds_total", "Rounds that came to their end")},
      wake_{executor}
{
}

void Sweeper::stop()
{
    stopping_ = true;
    wake_.notify();
}

asio::awaitable<bool> Sweeper::run()
{
    while (!stopping_) {
        obs::Status status = co_await try_round();
        const bool well = status.condition == obs::Condition::ok;
        health_.set("sweeper", std::move(status));
        const Duration pause =
            well ? settings_.every : std::min<Duration>(settings_.every, retry_every);
        co_await wake_.wait_until(SteadyClock::now() + pause);
    }
    co_return true;
}

asio::awaitable<obs::Status> Sweeper::try_round()
{
    obs::Status status;
    try {
        // A restored database does not know its newer bundles: it must not take them for orphans.
        const std::optional<outbox::Halt> halt = co_await standing_.look();
        if (halt) {
            status.condition = obs::Condition::degraded;
            status.cause = "nothing is swept: " + halt->cause;
            status.remedy = halt->remedy;
            co_return status;
        }
        co_await round();
    } catch (const StoreNotOurs& another) {
        status.condition = obs::Condition::degraded;
        status.cause = another.what();
        status.remedy = another_owner_remedy();
    } catch (const std::exception& failure) {
        status.condition = obs::Condition::degraded;
        status.cause = failure.what();
        status.remedy = "It is tried again by itself; orphans stay in the raw store meanwhile.";
    }
    co_return status;
}

asio::awaitable<void> Sweeper::round()
{
    SweepTerms terms;
    terms.lanes = layout_.lanes_ever;
    terms.grace = settings_.grace;
    terms.actor = "sweeper";
    terms.reason = "no bundle names the object, and its mark has aged";
    const SweepOutcome outcome = co_await sweep(session_, store_, std::move(terms));
    orphans_.set(static_cast<double>(outcome.orphans));
    foreign_.set(static_cast<double>(outcome.foreign));
    removed_.add(static_cast<double>(outcome.removed));
    rounds_.add();
    if (outcome.removed > 0)
        log_.info("orphans_removed", {{"objects", outcome.removed}, {"left", outcome.orphans}});
}

}  // namespace exchange::reconcile
