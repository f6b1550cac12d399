#include "base/failpoint.hpp"
#include "base/started.hpp"
#include "outbox/lane_generation.hpp"
#include "outbox/lane_relay.hpp"
#include "outbox/parking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// What a window needs before its events may leave: its rows, and its bundles in the raw store.
namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// As many as the raw store's client keeps connections for by default.
constexpr std::size_t puts_at_once = 8;

// As they go into the store; what is planned and sent needs but where the rows lie in them.
std::vector<Bundle> take_bytes(std::vector<Bundle>& bundles)
{
    std::vector<Bundle> taken;
    for (Bundle& bundle : bundles) {
        Bundle& one = taken.emplace_back();
        one.key = bundle.key;
        one.sha256 = bundle.sha256;
        one.size = bundle.size;
        one.bytes = std::exchange(bundle.bytes, {});
    }
    return taken;
}

}  // namespace

BundleTerms LaneRelay::bundle_terms() const
{
    BundleTerms terms;
    terms.lane = lane_;
    terms.bucket = ports_.store.bucket();
    terms.key_prefix = ports_.store.key_prefix();
    terms.bytes_max = config_.bundle_bytes_max;
    return terms;
}

asio::awaitable<PlannedWindow> LaneRelay::prepare(Generation& now)
{
    PlannedWindow planned;
    const TimePoint started = SteadyClock::now();
    planned.window = co_await ports_.lanes.read(lane_, now.after, config_.window_rows_max,
                                                config_.window_bytes_max);
    if (planned.window.rows.empty()) co_return planned;
    metrics_.read_seconds.observe(seconds_since(started));
    failpoint("relay/window-read");
    park(planned.window, config_.topic_prefix, missing_topics_);
    park_denied(planned.window, {config_.topic_prefix, layout_.partitions}, denied_topics_,
                now.positions);
    planned.bundles = make_bundles(bundle_terms(), planned.window);
    now.storing.emplace(executor_, store(take_bytes(planned.bundles)));
    co_return planned;
}

asio::awaitable<bool> LaneRelay::store(std::vector<Bundle> bundles)
{
    const TimePoint begun = SteadyClock::now();
    const TimePoint deadline = begun + config_.put_timeout;
    for (std::size_t from = 0; from < bundles.size(); from += puts_at_once) {
        std::vector<Started<bool>> started;
        const std::size_t to = std::min(bundles.size(), from + puts_at_once);
        for (std::size_t at = from; at < to; ++at)
            started.emplace_back(executor_, put(bundles[at], deadline));
        // All are waited for before a failure is told: they refer to the bundles.
        std::exception_ptr failure;
        for (Started<bool>& stored : started) {
            try {
                co_await stored.get();
            } catch (...) {
                failure = std::current_exception();
            }
        }
        if (failure) std::rethrow_exception(failure);
    }
    metrics_.store_seconds.observe(seconds_since(begun));
    failpoint("relay/bundles-stored");
    co_return true;
}

// Until what is on its way to the store is there, or could not be stored.
asio::awaitable<void> LaneRelay::stored(Generation& now, TimePoint deadline)
{
    if (!now.storing) co_return;
    if (!co_await now.storing->settled(deadline))
        throw objects::StoreError{
            objects::StoreFault::unavailable,
            fmt::format("bucket {} takes long to store a window's bundles. Hint: check the server "
                        "in S3_ENDPOINT and its disks.",
                        ports_.store.bucket())};
    Started<bool> storing = *now.storing;
    now.storing.reset();
    co_await storing.get();
}

// The bundles of a window that was planned before: whoever planned it may not have stored them.
// Once one of its events is out they are stored, and named where they are.
asio::awaitable<void> LaneRelay::store_again(const Generation& now, PlannedWindow& planned)
{
    const BundleTerms terms = bundle_terms();
    const Batch batch =
        make_batch(batch_terms(now), planned.window, planned.bundles, now.positions);
    const bool announced = batch.passed_over > 0;
    if (!lie_there(terms, planned.bundles)) {
        if (announced) co_return;
        move_there(terms, planned.bundles);
        if (!co_await ports_.lanes.move_bundles(lane_, now.epoch, planned)) throw LeaseLost{};
        log_.info("planned_bundles_moved", {{"lane", number(lane_)}, {"bucket", terms.bucket}});
    }
    if (refill_bundles(terms, planned.window, planned.bundles))
        co_await store(take_bytes(planned.bundles));
    else if (!announced)
        throw Halted{{fmt::format("the rows up to {} are planned, and their staged bytes are not "
                                  "those that were planned",
                                  planned.window.to.value),
                      "Somebody changed the database: restore it from a backup; exchange reconcile "
                      "tells what differs."}};
}

asio::awaitable<bool> LaneRelay::put(const Bundle& bundle, TimePoint deadline)
{
    failpoint("relay/put");
    co_await ports_.store.put(bundle.key, bundle.bytes, bundle.sha256, deadline);
    failpoint("relay/put-done");
    metrics_.stored_bundles.add();
    metrics_.stored_bytes.add(static_cast<double>(bundle.size));
    co_return true;
}

}  // namespace exchange::outbox
