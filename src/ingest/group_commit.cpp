#include "ingest/group_commit.hpp"

#include "base/failpoint.hpp"
#include "base/time.hpp"
#include "ingest/refusal_log.hpp"

#include <unordered_set>

namespace exchange::ingest {

namespace asio = boost::asio;

// Lives in the frame of the request that waits for it.
struct GroupCommit::Pending {
    Pending(Incoming what, asio::any_io_executor waiter) : incoming{what}, done{std::move(waiter)}
    {
    }

    Incoming incoming;
    std::string drawn_correlation;
    TimePoint deadline;
    Verdict verdict = Failure::stopping;
    Signal done;
};

GroupCommit::GroupCommit(asio::any_io_executor executor, std::unique_ptr<outbox::Appender> appender,
                         std::unique_ptr<Random> random, outbox::Layout layout, LaneId lane,
                         GroupConfig settings, IngestMetrics& metrics, obs::Log& log,
                         std::function<void()> on_accepted)
    : executor_{executor},
      appender_{std::move(appender)},
      random_{std::move(random)},
      layout_{layout},
      lane_{lane},
      settings_{settings},
      metrics_{metrics},
      log_{log},
      on_accepted_{std::move(on_accepted)},
      wake_{executor}
{
}

asio::awaitable<Verdict> GroupCommit::append(Incoming incoming)
{
    Pending pending{incoming, co_await asio::this_coro::executor};
    pending.deadline = SteadyClock::now() + settings_.queue_timeout;
    {
        const std::lock_guard lock{mutex_};
        if (stopping_) co_return Failure::stopping;
        if (queue_.size() >= settings_.queue_max) co_return Failure::queue_full;
        queue_.push_back(&pending);
    }
    metrics_.queued.add(1);
    wake_.notify();
    // Until the verdict is there the group refers to this frame; the committer bounds the wait.
    while (!co_await pending.done.wait_until(TimePoint::max())) {
    }
    metrics_.queued.add(-1);
    if (incoming.drawn_correlation_id != nullptr)
        *incoming.drawn_correlation_id = std::move(pending.drawn_correlation);
    co_return std::move(pending.verdict);
}

void GroupCommit::stop()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify();
}

asio::awaitable<void> GroupCommit::run()
{
    while (true) {
        std::vector<Pending*> group = next_group();
        if (!group.empty()) {
            co_await commit(std::move(group));
            continue;
        }
        {
            const std::lock_guard lock{mutex_};
            if (stopping_ && queue_.empty()) break;
            if (!queue_.empty()) continue;
        }
        co_await wake_.wait_until(SteadyClock::now() + std::chrono::seconds{1});
    }
    appender_->close();
}

// Takes what is waiting, up to the maxima. A key that is in the group already waits for the next
// one: only then is its first answer there to be repeated.
std::vector<GroupCommit::Pending*> GroupCommit::next_group()
{
    std::vector<Pending*> group;
    std::vector<Pending*> expired;
    std::unordered_set<std::string> keys;
    std::size_t bytes = 0;
    std::size_t waiting_for_first = 0;
    const TimePoint now = SteadyClock::now();
    {
        const std::lock_guard lock{mutex_};
        std::deque<Pending*> later;
        while (!queue_.empty() && group.size() < settings_.rows_max) {
            Pending* pending = queue_.front();
            const Incoming& incoming = pending->incoming;
            if (!group.empty() && incoming.known_only != group.front()->incoming.known_only) break;
            if (!group.empty() && bytes + incoming.body.size() > settings_.bytes_max) break;
            queue_.pop_front();
            if (pending->deadline < now) {
                expired.push_back(pending);
                continue;
            }
            std::string key{incoming.source};
            key.append("\n").append(incoming.key);
            if (!keys.insert(std::move(key)).second) {
                later.push_back(pending);
                continue;
            }
            bytes += incoming.body.size();
            group.push_back(pending);
        }
        waiting_for_first = later.size();
        queue_.insert(queue_.begin(), later.begin(), later.end());
    }
    metrics_.waited.add(static_cast<double>(waiting_for_first));
    answer_all(expired, Failure::waited_too_long);
    return group;
}

outbox::AppendRow GroupCommit::prepare(Pending& pending)
{
    const std::int64_t now_ms = unix_ms_now();
    const Incoming& incoming = pending.incoming;
    outbox::AppendRow row;
    row.source = incoming.source;
    row.key = incoming.key;
    row.sha256 = incoming.sha256;
    row.record_id = outbox::draw_record_id(layout_, lane_, now_ms, *random_);
    row.event_id = make_uuid_v7(now_ms, *random_);
    if (incoming.correlation_id.empty() && pending.drawn_correlation.empty())
        pending.drawn_correlation = to_string(make_uuid_v7(now_ms, *random_));
    row.correlation_id = incoming.correlation_id.empty()
                             ? std::string_view{pending.drawn_correlation}
                             : incoming.correlation_id;
    row.kind = incoming.kind;
    row.schema_hint = incoming.schema_hint;
    row.api = incoming.api;
    row.traceparent = incoming.traceparent;
    row.body = incoming.body;
    return row;
}

asio::awaitable<void> GroupCommit::commit(std::vector<Pending*> group)
{
    const TimePoint started = SteadyClock::now();
    const std::int64_t began_us = unix_us_now();
    const TimePoint deadline = started + settings_.commit_timeout;
    const bool known_only = group.front()->incoming.known_only;
    std::vector<Verdict> verdicts;
    std::optional<Failure> failure;
    bool connected = false;
    try {
        failpoint("ingest/group");
        co_await appender_->connect(deadline);
        connected = true;
        verdicts = co_await ask(group, deadline);
        failpoint("ingest/committed");
    } catch (const pg::Unavailable& away) {
        failure = connected && !known_only ? Failure::unknown : Failure::unavailable;
        log_.warn("commit_failed", {{"lane", number(lane_)}, {"cause", away.what()}});
    } catch (const outbox::LayoutChanged&) {
        failure = Failure::layout_changed;
    } catch (const pg::Refused& refused) {
        failure = Failure::refused;
        log_refusal(group, refused.what());
    } catch (const std::exception& unforeseen) {
        // The lane must go on, and whether the rows are stored is not known.
        failure = Failure::unknown;
        log_.error("commit_failed", {{"lane", number(lane_)}, {"cause", unforeseen.what()}});
    }
    if (failure == Failure::refused && group.size() > 1) {
        co_await commit_each(std::move(group));
        co_return;
    }
    if (!known_only) note_commit(group, began_us, failure.has_value());
    if (failure) {
        answer_all(group, *failure);
        co_return;
    }
    if (!known_only) {
        metrics_.group_rows.observe(static_cast<double>(group.size()));
        metrics_.commit_seconds.observe(seconds_since(started));
    }
    bool accepted = false;
    for (std::size_t at = 0; at < group.size(); ++at) {
        const auto* appended = std::get_if<outbox::AppendAnswer>(&verdicts[at]);
        accepted |= appended && appended->outcome == outbox::AppendOutcome::accepted;
        answer(*group[at], std::move(verdicts[at]));
    }
    if (accepted) on_accepted_();
}

// One verdict a request, in order.
asio::awaitable<std::vector<Verdict>> GroupCommit::ask(const std::vector<Pending*>& group,
                                                       TimePoint deadline)
{
    std::vector<outbox::AppendRow> rows;
    rows.reserve(group.size());
    for (Pending* pending : group) rows.push_back(prepare(*pending));
    std::vector<Verdict> verdicts;
    verdicts.reserve(group.size());
    if (group.front()->incoming.known_only) {
        for (auto& known : co_await appender_->look_up(rows, deadline))
            verdicts.push_back(known ? Verdict{std::move(*known)} : Verdict{Failure::paused});
        co_return verdicts;
    }
    for (outbox::AppendAnswer& appended :
         co_await appender_->append(layout_, lane_, rows, deadline))
        verdicts.emplace_back(std::move(appended));
    co_return verdicts;
}

// One row of a group was refused: each tries alone, so that only the bad one fails.
asio::awaitable<void> GroupCommit::commit_each(std::vector<Pending*> group)
{
    for (Pending* pending : group) {
        std::vector<Pending*> alone{pending};
        co_await commit(std::move(alone));
    }
}

// Of a group that is tried again one by one, each refused record is told then, by its name.
void GroupCommit::log_refusal(const std::vector<Pending*>& group, std::string_view cause)
{
    if (group.size() > 1) return;
    const Pending& alone = *group.front();
    const std::string_view sent = alone.incoming.correlation_id;
    log_.error("commit_refused",
               {{"lane", number(lane_)},
                {"correlation_id", sent.empty() ? std::string_view{alone.drawn_correlation} : sent},
                {"trace_id", trace_id_of(alone.incoming.traceparent)},
                {"cause", cause}});
}

void GroupCommit::note_commit(const std::vector<Pending*>& group, std::int64_t began_us,
                              bool failed)
{
    for (Pending* pending : group) {
        CommitNote* note = pending->incoming.commit;
        if (note == nullptr) continue;
        note->began_us = began_us;
        note->ended_us = unix_us_now();
        note->lane = lane_;
        note->rows = group.size();
        note->failed = failed;
    }
}

void GroupCommit::answer_all(const std::vector<Pending*>& group, Failure failure)
{
    for (Pending* pending : group) answer(*pending, failure);
}

// After this the request's frame may be gone.
void GroupCommit::answer(Pending& pending, Verdict verdict)
{
    pending.verdict = std::move(verdict);
    pending.done.notify();
}

}  // namespace exchange::ingest
