#include "outbox/lane_relay.hpp"
#include "outbox/lane_generation.hpp"

#include "base/backoff.hpp"
#include "base/failpoint.hpp"
#include "base/started.hpp"
#include "outbox/parking.hpp"
#include "outbox/publish_trace.hpp"
#include "outbox/settled_tails.hpp"
#include "outbox/takeover.hpp"
#include "pg/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace exchange::outbox {

namespace asio = boost::asio;

namespace {

bool is_of_postgres(const std::exception& failure)
{
    return dynamic_cast<const pg::Unavailable*>(&failure) ||
           dynamic_cast<const pg::Refused*>(&failure);
}

std::vector<kafka::Message> take_messages(Batch& batch)
{
    std::vector<kafka::Message> messages;
    messages.reserve(batch.outgoing.size());
    for (Outgoing& outgoing : batch.outgoing) messages.push_back(std::move(outgoing.message));
    return messages;
}

constexpr const char* retried_remedy = "It is tried again by itself; nothing is lost meanwhile.";

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

// A window's verdicts, and when they came: what is prepared meanwhile must not count.
struct LaneRelay::Sent {
    std::vector<kafka::Delivery> deliveries;
    std::int64_t at_us = 0;
};

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

BatchTerms LaneRelay::batch_terms(const Generation& now) const
{
    BatchTerms terms;
    terms.lane = lane_;
    terms.epoch = now.epoch;
    terms.partitions = layout_.partitions;
    terms.topic_prefix = config_.topic_prefix;
    return terms;
}

asio::awaitable<void> LaneRelay::generation(Epoch epoch)
{
    metrics_.generations.add();
    co_await stand_or_halt();
    Generation now;
    now.epoch = epoch;
    failpoint("relay/open");
    kafka::Batching batching;
    batching.one_by_one = one_by_one_;
    if (ports_.standing != nullptr) batching.bytes_max = ports_.standing->message_bytes();
    now.producer = co_await ports_.log.open(lane_, batching);
    failpoint("relay/opened");
    co_await now.producer->prime(topics_there(topics_, missing_topics_),
                                 SteadyClock::now() + std::chrono::seconds{5});
    // Only now: a former owner can write no more, and if the lane is still ours then whoever owns
    // it next opens after us. So epochs rise in the log.
    std::optional<LaneState> loaded = co_await ports_.lanes.load(lane_, epoch);
    if (!loaded) throw LeaseLost{};
    failpoint("relay/loaded");
    LaneState& state = *loaded;
    now.after = state.published_up_to;
    now.positions = co_await take_up(*now.producer, epoch, state);
    cut_off_since_.reset();
    failpoint("relay/tails-read");
    log_.info("lane_started", {{"lane", number(lane_)},
                               {"epoch", epoch.value},
                               {"published_up_to", state.published_up_to.value},
                               {"unfinished_windows", state.unfinished.size()}});
    co_await ask_for_topics(now, state);
    co_await finish_unfinished(now, state);
    set_halted(false);
    tell_how_it_stands();
    std::exception_ptr end;
    try {
        co_await publish_while_owned(now);
    } catch (...) {
        end = std::current_exception();
    }
    // What was stored for nothing is swept; what was planned is stored again by who finishes it.
    if (now.storing) co_await now.storing->settled();
    if (end) std::rethrow_exception(end);
}

// Before anything is sent or fenced: do database and cluster still belong together?
asio::awaitable<void> LaneRelay::stand_or_halt()
{
    if (ports_.standing == nullptr) co_return;
    std::optional<Halt> halt = co_await ports_.standing->look();
    if (halt) throw Halted{std::move(*halt)};
    missing_topics_ = ports_.standing->missing_topics();
}

asio::awaitable<void> LaneRelay::halt_or_renew(Generation& now)
{
    if (ports_.standing == nullptr) co_return;
    std::optional<Halt> halt = ports_.standing->known();
    const bool changed = ports_.standing->missing_topics() != missing_topics_;
    if (!halt && !changed) co_return;
    co_await settle(now);
    if (halt) throw Halted{std::move(*halt)};
    throw Renewal{};
}

void LaneRelay::set_halted(bool halted)
{
    if (halted == halted_) return;
    halted_ = halted;
    metrics_.halted_lanes.add(halted ? 1 : -1);
}

// Where the lane's partitions stand, from their ends.
asio::awaitable<Positions> LaneRelay::take_up(kafka::Producer& producer, Epoch epoch,
                                              const LaneState& state)
{
    std::vector<kafka::TopicPartition> partitions = partitions_of_lane(
        lane_, layout_.lanes, layout_.partitions, topics_there(topics_, missing_topics_));
    const SettledTails settled =
        co_await settled_tails(ports_.log, producer, std::move(partitions), SettlePatience{});
    for (const kafka::TopicPartition& partition : settled.repaired) {
        metrics_.repaired_partitions.add();
        log_.error("hanging_transaction_repaired",
                   {{"topic", partition.topic}, {"partition", partition.partition}});
    }
    LaneHistory history;
    history.published = state.positions;
    history.copies_possible = !ports_.log.shuts_out_former_writers();
    history.planned_up_to = state.unfinished.empty() ? state.published_up_to.value
                                                     : state.unfinished.back().window.to.value;
    history.planned_up_to = std::max(history.planned_up_to, state.accepted_up_to);
    auto verdict = judge_tails(settled.tails, history);
    if (const auto* stop = std::get_if<Halt>(&verdict)) {
        // What looks wrong may be the work of a successor: only an owner may say so.
        if (!co_await ports_.lanes.load(lane_, epoch)) throw LeaseLost{};
        throw Halted{*stop};
    }
    Positions positions = std::get<Positions>(std::move(verdict));
    // Those of missing topics stay what they were: each record of the lane holds all of them.
    positions.insert(state.positions.begin(), state.positions.end());
    co_return positions;
}

asio::awaitable<void> LaneRelay::finish_unfinished(Generation& now, LaneState& state)
{
    for (PlannedWindow& planned : state.unfinished) {
        if (owner_.epoch() != now.epoch) throw LeaseLost{};
        // Planned before the topic went away; what of it was published went with the topic.
        park(planned.window, config_.topic_prefix, missing_topics_);
        park_denied(planned.window, {config_.topic_prefix, layout_.partitions}, denied_topics_,
                    now.positions);
        LaneCommit parked;
        parked.quarantined = parked_rows(planned.window);
        if (!parked.quarantined.empty()) co_await commit(now, std::move(parked));
        co_await store_again(now, planned);
        failpoint("relay/finish-plan");
        Batch batch = make_batch(batch_terms(now), planned.window, planned.bundles, now.positions);
        PublishTrace trace{ports_.tracer, lane_, batch};
        Sent sent = co_await deliver(*now.producer, take_messages(batch));
        trace.end(sent.deliveries, sent.at_us);
        co_await account(now, planned, std::move(batch), std::move(sent));
        co_await settle(now);
        now.after = planned.window.to;
        metrics_.finished_plans.add();
    }
}

asio::awaitable<void> LaneRelay::publish_while_owned(Generation& now)
{
    PlannedWindow next = co_await prepare(now);
    while (owner_.epoch() == now.epoch) {
        co_await halt_or_renew(now);
        co_await ask_again_in_time(now);
        if (next.window.rows.empty()) {
            co_await settle(now);
            drained_ = draining_;
            if (draining_ || yielding_) break;
            co_await wake_.wait_until(SteadyClock::now() + config_.poll_every);
            if (stopping_) break;
            next = co_await prepare(now);
            continue;
        }
        const TimePoint started = SteadyClock::now();
        const PlannedWindow current = std::move(next);
        co_await plan(now, current);
        next = co_await send(now, current);
        if (leaving() || is_full(config_, current.window)) continue;
        if (is_busy(config_, current.window)) co_await sleep_until(started + config_.pace);
        next = co_await prepare(now);
    }
    if (owner_.epoch() != now.epoch) throw LeaseLost{};
}

asio::awaitable<LaneRelay::Sent> LaneRelay::deliver(kafka::Producer& producer,
                                                    std::vector<kafka::Message> messages)
{
    Sent sent;
    failpoint("relay/send");
    const TimePoint started = SteadyClock::now();
    sent.deliveries = co_await producer.send(std::move(messages));
    metrics_.send_seconds.observe(seconds_since(started));
    failpoint("relay/sent");
    sent.at_us = unix_us_now();
    co_return sent;
}

// While a full window is on its way to Kafka, the next one is read and begun to be stored; its plan
// and the first one's record then share a commit. Answers that next window. Behind a window
// that was not full the next one is read once it is there: by then it holds what came meanwhile.
asio::awaitable<PlannedWindow> LaneRelay::send(Generation& now, const PlannedWindow& current)
{
    Batch batch = make_batch(batch_terms(now), current.window, current.bundles, now.positions);
    PublishTrace trace{ports_.tracer, lane_, batch};
    Started<Sent> sending{executor_, deliver(*now.producer, take_messages(batch))};
    now.after = current.window.to;
    PlannedWindow next;
    std::exception_ptr failure;
    try {
        if (!leaving() && !one_by_one_ && is_full(config_, current.window))
            next = co_await prepare(now);
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

asio::awaitable<void> LaneRelay::plan(Generation& now, const PlannedWindow& planned)
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
    co_await stored(now);
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
