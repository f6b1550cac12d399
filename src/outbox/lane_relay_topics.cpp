#include "kafka/errors.hpp"
#include "outbox/lane_generation.hpp"
#include "outbox/lane_relay.hpp"
#include "outbox/parking.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

// Which topics a lane may write to. A broker says no only when it is asked to take something, so it
// is asked in a transaction that is aborted; the events of a topic that it refuses wait in
// quarantine, and those of other topics flow (docs/adr, "Events of a denied topic").
namespace exchange::outbox {

namespace asio = boost::asio;

// Asks about the topics whose events wait, and after a refusal about all. A topic that is denied
// begins the next generation, for a producer that was refused is of no more use.
asio::awaitable<void> LaneRelay::ask_for_topics(Generation& now, const LaneState& state)
{
    if (ports_.standing == nullptr) co_return;
    // In idempotent mode nothing can be sent and taken back: there the lane waits, and what waits
    // from another mode goes with it.
    if (!ports_.log.shuts_out_former_writers()) {
        ports_.standing->set_allowed(lane_,
                                     {state.denied_topics.begin(), state.denied_topics.end()});
        co_return;
    }
    // By full name, and whether events wait for it.
    std::map<std::string, bool> asked;
    if (refused_)
        for (const std::string& topic : topics_) asked[topic] = false;
    for (const std::string& topic : state.denied_topics) asked[config_.topic_prefix + topic] = true;
    std::set<std::string> allowed;
    for (const auto& [topic, waits] : asked) {
        if (missing_topics_.contains(topic) || denied_topics_.contains(topic)) continue;
        if (!co_await may_write(*now.producer, topic)) {
            log_.error("topic_denied", {{"lane", number(lane_)}, {"topic", topic}});
            denied_topics_.insert(topic);
            ask_again_at_ = SteadyClock::now() + config_.ask_denied_every;
            throw Renewal{};
        }
        if (waits) allowed.insert(topic.substr(config_.topic_prefix.size()));
    }
    refused_ = false;
    ports_.standing->set_allowed(lane_, allowed);
}

asio::awaitable<bool> LaneRelay::may_write(kafka::Producer& producer, const std::string& topic)
{
    std::vector<kafka::TopicPartition> asked{{topic, number(lane_)}};
    try {
        co_await producer.abort_into(std::move(asked),
                                     SteadyClock::now() + std::chrono::seconds{5});
    } catch (const kafka::Error& failure) {
        if (failure.fault() != kafka::Fault::denied) throw;
        co_return false;
    }
    co_return true;
}

asio::awaitable<void> LaneRelay::ask_again_in_time(Generation& now)
{
    if (denied_topics_.empty() || SteadyClock::now() < ask_again_at_) co_return;
    co_await settle(now);
    denied_topics_.clear();
    throw Renewal{};
}

// The lane is not ours any more: what may be written is theirs to find out.
void LaneRelay::forget_topics()
{
    denied_topics_.clear();
    if (ports_.standing != nullptr) ports_.standing->set_allowed(lane_, {});
}

void LaneRelay::tell_how_it_stands()
{
    if (denied_topics_.empty()) return health_.ok(component_);
    report(fmt::format("Kafka does not let this principal write to {}: events of it wait in "
                       "quarantine (topic_denied)",
                       fmt::join(denied_topics_, ", ")),
           denied_remedy, obs::Condition::failed);
}

}  // namespace exchange::outbox
