#include "base/failpoint.hpp"
#include "outbox/lane_generation.hpp"
#include "outbox/parking.hpp"
#include "outbox/publish_trace.hpp"
#include "pg/errors.hpp"

#include <utility>

// One window after the other: its plan, its messages, what became of them, and the record of that.
namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

// Which of a window's verdicts tells why: others only follow from it.
int weight(kafka::Fault fault)
{
    if (kafka::is_own_fault(fault)) return 2;
    return fault == kafka::Fault::unavailable ? 0 : 1;
}

const char* poison_code(kafka::Fault fault)
{
    return fault == kafka::Fault::message_too_large ? "message_too_large" : "message_invalid";
}

}  // namespace

BatchTerms LaneRelay::batch_terms(const Generation& now) const
{
    BatchTerms terms;
    terms.lane = lane_;
    terms.epoch = now.epoch;
    terms.partitions = layout_.partitions;
    terms.topic_prefix = config_.topic_prefix;
    return terms;
}

asio::awaitable<void> LaneRelay::publish_while_owned(Generation& now)
{
    Turns::Turn turn;
    PlannedWindow next = co_await prepare_in_turn(now, turn);
    while (owner_.epoch() == now.epoch) {
        co_await halt_or_renew(now);
        co_await ask_again_in_time(now);
        if (next.window.rows.empty()) {
            if (!co_await wait_for_rows(now)) break;
            next = co_await prepare_in_turn(now, turn);
            continue;
        }
        const TimePoint started = SteadyClock::now();
        const PlannedWindow current = std::move(next);
        if (is_full(config_, current.window)) {
            turn.end();
            next = co_await plan_send_and_prepare(now, current);
            continue;
        }
        co_await plan_and_send(now, current);
        turn.end();
        if (leaving()) continue;
        if (is_busy(config_, current.window)) co_await sleep_until(started + config_.pace);
        next = co_await prepare_in_turn(now, turn);
    }
    if (owner_.epoch() != now.epoch) throw LeaseLost{};
}

// The lanes of a process take turns where there are few processors: a window that has them to
// itself is done sooner, and the next one holds more rows.
asio::awaitable<PlannedWindow> LaneRelay::prepare_in_turn(Generation& now, Turns::Turn& turn)
{
    if (ports_.turns != nullptr)
        turn = co_await ports_.turns->take(SteadyClock::now() + config_.turn_patience);
    PlannedWindow planned = co_await prepare(now);
    if (planned.window.rows.empty()) turn.end();
    co_return planned;
}

// Answers whether to look for rows once more. What is published and not recorded goes with the next
// window's plan where that comes soon: a commit of its own would be one more for each window, and
// would hold up rows that come meanwhile.
asio::awaitable<bool> LaneRelay::wait_for_rows(Generation& now)
{
    if (draining_ || yielding_) {
        co_await settle(now);
        drained_ = draining_;
        co_return false;
    }
    TimePoint until = SteadyClock::now() + config_.poll_every;
    if (now.unrecorded && SteadyClock::now() < now.record_by) until = now.record_by;
    else co_await settle(now);
    co_await wake_.wait_until(until);
    if (!stopping_) co_return true;
    co_await settle(now);
    co_return false;
}

asio::awaitable<LaneRelay::Sent> LaneRelay::deliver(kafka::Producer& producer,
                                                    std::vector<kafka::Message> messages)
{
    Sent sent;
    failpoint("relay/send");
    const TimePoint started = SteadyClock::now();
    sent.deliveries = co_await producer.send(std::move(messages));
    sent.at_us = note_sent(started);
    co_return sent;
}

// Answers when that was.
std::int64_t LaneRelay::note_sent(TimePoint left)
{
    metrics_.send_seconds.observe(seconds_since(left));
    failpoint("relay/sent");
    return unix_us_now();
}

// A window's events are handed to Kafka's client while its plan commits and its bundles are stored,
// and are held there until both are done: joining the transaction takes as long as they do.
asio::awaitable<void> LaneRelay::plan_and_send(Generation& now, const PlannedWindow& current)
{
    Batch batch = make_batch(batch_terms(now), current.window, current.bundles, now.positions);
    PublishTrace trace{ports_.tracer, lane_, batch};
    Leaving left{trace, {}};
    Sent sent;
    sent.deliveries =
        co_await now.producer->send_once_cleared(take_messages(batch), clear(now, current, left));
    sent.at_us = note_sent(left.at);
    trace.end(sent.deliveries, sent.at_us);
    now.after = current.window.to;
    co_await account(now, current, std::move(batch), std::move(sent));
}

asio::awaitable<void> LaneRelay::clear(Generation& now, const PlannedWindow& planned, Leaving& left)
{
    const Duration most = now.producer->hold_most();
    const TimePoint started = SteadyClock::now();
    const TimePoint held_until = most == Duration::max() ? TimePoint::max() : started + most;
    co_await plan(now, planned, held_until);
    left.at = SteadyClock::now();
    if (left.at >= held_until)
        throw pg::Unavailable{
            "A window's plan and bundles took longer than its events may be held. Hint: check the "
            "disks of Postgres and the raw store."};
    failpoint("relay/send");
    left.trace.leave();
}

// While a full window is on its way to Kafka, the next one is read and begun to be stored; its plan
// and the first one's record then share a commit. Answers that next window. Behind a window
// that was not full the next one is read once it is there: by then it holds what came meanwhile.
asio::awaitable<PlannedWindow> LaneRelay::plan_send_and_prepare(Generation& now,
                                                                const PlannedWindow& current)
{
    co_await plan(now, current, TimePoint::max());
    Batch batch = make_batch(batch_terms(now), current.window, current.bundles, now.positions);
    PublishTrace trace{ports_.tracer, lane_, batch};
    trace.leave();
    Started<Sent> sending{executor_, deliver(*now.producer, take_messages(batch))};
    now.after = current.window.to;
    PlannedWindow next;
    std::exception_ptr failure;
    try {
        if (!leaving() && !one_by_one_) next = co_await prepare(now);
    } catch (...) {
        failure = std::current_exception();
    }
    Sent sent = co_await sending.get();
    trace.end(sent.deliveries, sent.at_us);
    co_await account(now, current, std::move(batch), std::move(sent));
    if (failure) {
        co_await settle(now);
        std::rethrow_exception(failure);
    }
    co_return next;
}

// The plan committed and the bundles stored, which may take until `stored_by`.
asio::awaitable<void> LaneRelay::plan(Generation& now, const PlannedWindow& planned,
                                      TimePoint stored_by)
{
    LaneCommit what;
    what.published = std::move(now.unrecorded);
    now.unrecorded.reset();
    what.plan = &planned;
    for (const OutboxRow& row : planned.window.rows) {
        if (row.held) what.quarantined.push_back(passed_over(row));
    }
    failpoint("relay/plan");
    const TimePoint started = SteadyClock::now();
    co_await commit(now, std::move(what));
    metrics_.plan_seconds.observe(seconds_since(started));
    failpoint("relay/planned");
    // No event leaves before the bundle that it names is there.
    co_await stored(now, stored_by);
}

// Records what is in Kafka and not yet recorded, when no plan comes along to do it.
asio::awaitable<void> LaneRelay::settle(Generation& now)
{
    if (!now.unrecorded) co_return;
    LaneCommit what;
    what.published = std::move(now.unrecorded);
    now.unrecorded.reset();
    failpoint("relay/record");
    co_await commit(now, std::move(what));
    failpoint("relay/recorded");
}

asio::awaitable<void> LaneRelay::commit(Generation& now, LaneCommit what)
{
    const std::size_t quarantined = what.quarantined.size();
    const bool ours = co_await ports_.lanes.commit(lane_, now.epoch, std::move(what));
    if (!ours) throw LeaseLost{};
    metrics_.quarantined_rows.add(static_cast<double>(quarantined));
}

// Takes the verdicts of a window's messages into the positions; poison rows go to quarantine, any
// other fault ends the generation (as poison does: what stands behind it is not certain).
asio::awaitable<void> LaneRelay::account(Generation& now, const PlannedWindow& planned, Batch batch,
                                         Sent sent)
{
    LaneCommit poison;
    std::optional<kafka::Delivery> fault;
    const bool one_by_one = one_by_one_;
    one_by_one_ = false;
    for (std::size_t at = 0; at < sent.deliveries.size(); ++at) {
        const Outgoing& outgoing = batch.outgoing[at];
        const OutboxRow& row = planned.window.rows[outgoing.row];
        const kafka::Delivery& delivery = sent.deliveries[at];
        if (!delivery.fault) {
            Position& position = now.positions[outgoing.partition];
            // A copy that the broker recognised comes back without its offset; this is a lower
            // bound.
            position.offset = delivery.offset >= 0 ? delivery.offset : position.offset + 1;
            position.last_id = row.id.value;
            ++position.sequence;
            metrics_.publish_seconds.observe(static_cast<double>(sent.at_us - row.created_at_us) /
                                             1e6);
            continue;
        }
        if (!fault || weight(*delivery.fault) > weight(*fault->fault)) fault = delivery;
        if (!kafka::is_own_fault(*delivery.fault)) continue;
        QuarantinedRow quarantined;
        quarantined.id = row.id;
        quarantined.record_id = row.record_id;
        quarantined.code = poison_code(*delivery.fault);
        quarantined.detail = delivery.reason;
        poison.quarantined.push_back(std::move(quarantined));
    }
    // A batch refused as a whole: find out which of its rows it is.
    const std::size_t refused = poison.quarantined.size();
    one_by_one_ = refused > 1 || (one_by_one && refused > 0);
    if (refused == 1 || (one_by_one && refused > 0)) {
        failpoint("relay/quarantine");
        co_await commit(now, std::move(poison));
    }
    if (refused > 0) {
        // Not tried again as it was: the next generation leaves out what was found, or looks at
        // each row by itself. So there is nothing to wait for.
        report(fault->reason, retried_remedy, obs::Condition::degraded);
        throw Renewal{};
    }
    if (fault) throw kafka::Error{*fault->fault, fault->reason};

    PublishedWindow published;
    published.to = planned.window.to;
    published.rows = static_cast<std::int32_t>(batch.outgoing.size() + batch.passed_over);
    published.positions = now.positions;
    now.unrecorded = std::move(published);
    now.record_by = SteadyClock::now() + config_.record_within;
    metrics_.published_rows.add(static_cast<double>(batch.outgoing.size()));
    metrics_.passed_over_rows.add(static_cast<double>(batch.passed_over));
    metrics_.published_windows.add();
    metrics_.window_rows.observe(static_cast<double>(planned.window.rows.size()));
    if (one_by_one) {
        co_await settle(now);
        throw Renewal{};
    }
}

}  // namespace exchange::outbox
