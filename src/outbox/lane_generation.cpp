#include "outbox/lane_generation.hpp"

#include "base/failpoint.hpp"
#include "outbox/parking.hpp"
#include "outbox/publish_trace.hpp"
#include "outbox/settled_tails.hpp"

#include <algorithm>
#include <utility>

// A generation from its start to where it publishes: whether it may, where the log stands, and what
// was planned before.
namespace exchange::outbox {

namespace asio = boost::asio;

struct LaneRelay::TakenUp {
    Positions positions;
    std::int64_t messages_read = 0;
};

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
    TakenUp taken = co_await take_up(*now.producer, epoch, state);
    now.positions = std::move(taken.positions);
    cut_off_since_.reset();
    failpoint("relay/tails-read");
    log_.info("lane_started", {{"lane", number(lane_)},
                               {"epoch", epoch.value},
                               {"published_up_to", state.published_up_to.value},
                               {"unfinished_windows", state.unfinished.size()},
                               {"tail_messages", taken.messages_read}});
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

// Where the lane's partitions stand, from their ends.
asio::awaitable<LaneRelay::TakenUp> LaneRelay::take_up(kafka::Producer& producer, Epoch epoch,
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
    TakenUp taken;
    for (const auto& [partition, tail] : settled.tails) taken.messages_read += tail.messages_read;
    metrics_.tail_messages.add(static_cast<double>(taken.messages_read));
    LaneHistory history;
    history.published = state.positions;
    history.copies_possible = !ports_.log.shuts_out_former_writers();
    history.planned_up_to = state.unfinished.empty() ? state.published_up_to.value
                                                     : state.unfinished.back().window.to.value;
    history.planned_up_to = std::max(history.planned_up_to, state.accepted_up_to);
    history.settled_up_to = state.settled_up_to;
    for (const PlannedWindow& planned : state.unfinished)
        for (const OutboxRow& row : planned.window.rows)
            history.unfinished.emplace(row.id.value, row.event_id);
    auto verdict = judge_tails(settled.tails, history);
    if (const auto* stop = std::get_if<Halt>(&verdict)) {
        // What looks wrong may be the work of a successor: only an owner may say so.
        if (!co_await ports_.lanes.load(lane_, epoch)) throw LeaseLost{};
        throw Halted{*stop};
    }
    taken.positions = std::get<Positions>(std::move(verdict));
    // Those of missing topics stay what they were: each record of the lane holds all of them.
    taken.positions.insert(state.positions.begin(), state.positions.end());
    co_return taken;
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
        trace.leave();
        Sent sent = co_await deliver(*now.producer, take_messages(batch));
        trace.end(sent.deliveries, sent.at_us);
        co_await account(now, planned, std::move(batch), std::move(sent));
        co_await settle(now);
        now.after = planned.window.to;
        metrics_.finished_plans.add();
    }
    // With the raw bytes of their rows.
    state.unfinished.clear();
}

}  // namespace exchange::outbox
