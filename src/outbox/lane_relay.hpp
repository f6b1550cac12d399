#pragma once

#include "base/signal.hpp"
#include "base/turns.hpp"
#include "objects/raw_store.hpp"
#include "obs/health.hpp"
#include "obs/log.hpp"
#include "obs/tracer.hpp"
#include "outbox/lane_owner.hpp"
#include "outbox/layout.hpp"
#include "outbox/relay_metrics.hpp"
#include "outbox/standing.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

// Publishes one lane: reads a window, stores its bundles while it commits the plan, publishes,
// records (docs/ARCHITECTURE.md, "Relay"). Everything that goes wrong in an uncertain way ends the
// *generation*: the producer is destroyed, and the next generation starts from what the database
// and the ends of the partitions say. That is the only recovery there is, after a crash as well.
//
// One per lane, on the relay's executor.
namespace exchange::outbox {

struct RelayConfig {
    // Of one window. More: fewer commits and larger bundles under load, more memory and a longer
    // first delay after a crash. What is there goes at once, unless the lane is busy (see `pace`).
    int window_rows_max = 2000;
    std::int64_t window_bytes_max = 8 * 1024 * 1024;
    std::size_t bundle_bytes_max = 8 * 1024 * 1024;
    // Before every topic's name (TOPIC_PREFIX).
    std::string topic_prefix;
    // How often to look for rows when nobody wakes us: other processes append too.
    Duration poll_every = std::chrono::milliseconds{50};
    // How long a published window may wait for the plan that it is recorded with. Higher: fewer
    // commits at some hundred records a second, and `published_at` and the backlog's figures later.
    Duration record_within = std::chrono::milliseconds{20};
    // A lane is busy when its last window had `busy_rows` or more and was not full. Its next window
    // is then read `pace` after that one: a window has costs of its own (commits, PUTs, requests to
    // Kafka), which at thousands of records a second are better shared by more rows. Higher: less
    // work a record, later events under load. Neither a quiet lane nor a backlog ever waits.
    std::size_t busy_rows = 128;
    Duration pace = std::chrono::milliseconds{50};
    // After this long a lane goes on without its turn: another lane's trouble is not its own.
    Duration turn_patience = std::chrono::milliseconds{20};
    // How long a lane that is not owned yet is waited for when it is to be drained.
    Duration acquire_to_drain = std::chrono::seconds{3};
    Duration put_timeout = std::chrono::seconds{30};
    // How often it is tried whether a denied topic may be written to again.
    Duration ask_denied_every = std::chrono::seconds{10};
    Duration retry_first = std::chrono::milliseconds{100};
    Duration retry_most = std::chrono::seconds{1};
};

// More is sure to wait behind it.
inline bool is_full(const RelayConfig& config, const Window& window)
{
    std::int64_t bytes = 0;
    for (const OutboxRow& row : window.rows) bytes += row.size;
    return window.rows.size() >= static_cast<std::size_t>(config.window_rows_max) ||
           2 * bytes >= config.window_bytes_max;
}

// Filled well, but not by its maxima: see `pace`.
inline bool is_busy(const RelayConfig& config, const Window& window)
{
    return window.rows.size() >= config.busy_rows && !is_full(config, window);
}

struct RelayPorts {
    LaneStore& lanes;
    EventLog& log;
    objects::RawStore& store;
    // Null: nothing is pinned.
    Standing* standing = nullptr;
    // Null: no traces.
    obs::Tracer* tracer = nullptr;
    // Lets few lanes at a time have a window under way. Null: all of them.
    Turns* turns = nullptr;
};

class LaneRelay {
public:
    LaneRelay(boost::asio::any_io_executor executor, RelayPorts ports, LaneOwner& owner,
              LaneId lane, Layout layout, std::vector<std::string> topics, RelayConfig config,
              RelayMetrics& metrics, obs::Log& log, obs::Health& health);

    // Returns after `drain()` once no row waits or the generation failed, after `stop()` as soon as
    // the window under way is recorded.
    boost::asio::awaitable<void> run();
    void drain();
    void stop();

    // Hands the lane over as soon as the window under way is recorded: its successor finds nothing
    // to pass over. Goes on when the lane is ours again.
    void yield();

    // There may be new rows. From any thread.
    void wake() { wake_.notify(); }

    // Since when Kafka has not answered; nothing while it does.
    std::optional<TimePoint> cut_off_since() const { return cut_off_since_; }

private:
    struct Generation;
    struct TakenUp;
    struct Sent;
    struct Leaving;

    boost::asio::awaitable<void> generation(Epoch epoch);
    boost::asio::awaitable<void> stand_or_halt();
    boost::asio::awaitable<void> halt_or_renew(Generation& now);
    bool gives_up_draining() const;
    void set_halted(bool halted);
    void stand_aside();
    bool leaving() const { return stopping_ || yielding_; }
    boost::asio::awaitable<TakenUp> take_up(kafka::Producer& producer, Epoch epoch,
                                            const LaneState& state);
    boost::asio::awaitable<void> ask_for_topics(Generation& now, const LaneState& state);
    boost::asio::awaitable<bool> may_write(kafka::Producer& producer, const std::string& topic);
    boost::asio::awaitable<void> ask_again_in_time(Generation& now);
    void forget_topics();
    void tell_how_it_stands();
    boost::asio::awaitable<void> finish_unfinished(Generation& now, LaneState& state);
    boost::asio::awaitable<void> publish_while_owned(Generation& now);
    boost::asio::awaitable<bool> wait_for_rows(Generation& now);
    boost::asio::awaitable<PlannedWindow> prepare(Generation& now);
    boost::asio::awaitable<PlannedWindow> prepare_in_turn(Generation& now, Turns::Turn& turn);
    boost::asio::awaitable<void> plan_and_send(Generation& now, const PlannedWindow& current);
    boost::asio::awaitable<void> clear(Generation& now, const PlannedWindow& planned,
                                       Leaving& left);
    boost::asio::awaitable<PlannedWindow> plan_send_and_prepare(Generation& now,
                                                                const PlannedWindow& current);
    BundleTerms bundle_terms() const;
    boost::asio::awaitable<bool> store(std::vector<Bundle> bundles);
    boost::asio::awaitable<bool> put(const Bundle& bundle, TimePoint deadline);
    boost::asio::awaitable<void> stored(Generation& now, TimePoint deadline);
    boost::asio::awaitable<void> store_again(const Generation& now, PlannedWindow& planned);
    boost::asio::awaitable<void> plan(Generation& now, const PlannedWindow& planned,
                                      TimePoint stored_by);
    boost::asio::awaitable<void> settle(Generation& now);
    boost::asio::awaitable<Sent> deliver(kafka::Producer& producer,
                                         std::vector<kafka::Message> messages);
    std::int64_t note_sent(TimePoint left);
    boost::asio::awaitable<void> account(Generation& now, const PlannedWindow& planned, Batch batch,
                                         Sent sent);
    boost::asio::awaitable<void> commit(Generation& now, LaneCommit what);
    void report(const std::string& cause, const std::string& remedy, obs::Condition condition);
    BatchTerms batch_terms(const Generation& now) const;

    boost::asio::any_io_executor executor_;
    RelayPorts ports_;
    LaneOwner& owner_;
    LaneId lane_;
    Layout layout_;
    std::vector<std::string> topics_;
    RelayConfig config_;
    RelayMetrics& metrics_;
    obs::Log& log_;
    obs::Health& health_;
    std::string component_;
    Signal wake_;
    // The next generation sends each message by itself, to find the one that cannot be taken.
    bool one_by_one_ = false;
    bool halted_ = false;
    // Missing when the generation began; when that changes, the next one begins.
    std::set<std::string> missing_topics_;
    // Which may not be written to; asked about again at that time.
    std::set<std::string> denied_topics_;
    TimePoint ask_again_at_{};
    // Something was refused: the next generation asks which topics it is about.
    bool refused_ = false;
    std::optional<TimePoint> cut_off_since_;
    bool yielding_ = false;
    bool draining_ = false;
    bool drained_ = false;
    TimePoint draining_since_{};
    bool stopping_ = false;
};

}  // namespace exchange::outbox
