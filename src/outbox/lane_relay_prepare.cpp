#include "base/failpoint.hpp"
#include "base/started.hpp"
#include "outbox/lane_generation.hpp"
#include "outbox/lane_relay.hpp"
#include "outbox/parking.hpp"

#include <algorithm>

// What a window needs before it can be planned: its rows, and its bundles in the raw store.
namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// As many as the raw store's client keeps connections for by default.
constexpr std::size_t puts_at_once = 8;

}  // namespace

asio::awaitable<PlannedWindow> LaneRelay::prepare(const Generation& now)
{
    PlannedWindow planned;
    const TimePoint started = SteadyClock::now();
    planned.window = co_await ports_.lanes.read(lane_, now.after, config_.window_rows_max,
                                                config_.window_bytes_max);
    if (planned.window.rows.empty()) co_return planned;
    metrics_.read_seconds.observe(seconds_since(started));
    failpoint("relay/window-read");
    BundleTerms terms;
    terms.lane = lane_;
    terms.bucket = ports_.store.bucket();
    terms.key_prefix = ports_.store.key_prefix();
    terms.bytes_max = config_.bundle_bytes_max;
    park(planned.window, config_.topic_prefix, missing_topics_);
    park_denied(planned.window, {config_.topic_prefix, layout_.partitions}, denied_topics_,
                now.positions);
    planned.bundles = make_bundles(terms, planned.window);
    const TimePoint read = SteadyClock::now();
    co_await put_bundles(planned.bundles);
    metrics_.store_seconds.observe(seconds_since(read));
    failpoint("relay/bundles-stored");
    // Stored: only where they lie in the bundle matters from here on.
    for (Bundle& bundle : planned.bundles) bundle.bytes = std::string{};
    co_return planned;
}

asio::awaitable<void> LaneRelay::put_bundles(const std::vector<Bundle>& bundles)
{
    const TimePoint deadline = SteadyClock::now() + config_.put_timeout;
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
