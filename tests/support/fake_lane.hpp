#pragma once

#include "objects/raw_store.hpp"
#include "outbox/ports.hpp"
#include "outbox/standing.hpp"
#include "pg/errors.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

// One lane's world in memory, behind the relay's ports: stricter than the real thing (it throws
// std::logic_error when the relay breaks a rule) and able to fail the n-th call before or after its
// effect.
namespace exchange::test {

namespace asio = boost::asio;

struct LogRecord {
    std::int64_t id = 0;
    std::int64_t sequence = 0;
    std::string event_id;
    std::string value;
};

struct FakeLaneWorld {
    struct Fault {
        int call = 0;  // counted from 1; 0: none
        bool after_effect = false;
        // From then on every call fails, without effect: the process is as good as dead.
        bool fatal = false;
    };

    std::vector<std::pair<std::int64_t, std::string>> rows;  // id, body
    std::vector<std::int64_t> poison;
    // Rows of topic v2, which takes nothing after so many sends; the others are of v1.
    std::set<std::int64_t> of_v2;
    std::optional<int> v2_denied_after_sends;
    int sends = 0;
    // Of a log that is ahead of the database, and where it stood when it was accepted.
    std::int64_t accepted_up_to = 0;
    outbox::Positions accepted;
    // An event of it waits in quarantine for its topic.
    bool v2_waits = false;
    std::string bucket = "raw";
    std::map<std::string, std::string> objects;  // by bucket/key
    std::vector<outbox::PlannedWindow> planned;
    std::vector<outbox::PublishedWindow> published;
    std::vector<std::int64_t> quarantined;
    std::map<kafka::TopicPartition, std::vector<LogRecord>> log;
    Epoch epoch{1};
    // Commits that record one window and plan the next.
    int shared_commits = 0;
    std::vector<std::string> broken_rules;
    Fault fault;
    int calls = 0;
    // Of the first so many bundles and plans, and how long a producer holds what it was given.
    int slow_puts = 0;
    int slow_commits = 0;
    Duration slowness{};
    Duration hold_most = Duration::max();

    // True when this call is the one to fail, at this point of it.
    bool fails(bool after_effect)
    {
        if (!after_effect) ++calls;
        if (dead()) return true;
        return calls == fault.call && after_effect == fault.after_effect;
    }

    asio::awaitable<void> dawdle(int& left) const
    {
        if (left == 0) co_return;
        --left;
        co_await sleep_until(SteadyClock::now() + slowness);
    }

    // The relay must not get away with it: it takes any exception for a failure and tries again.
    [[noreturn]] void broken(const std::string& rule)
    {
        broken_rules.push_back(rule);
        throw std::logic_error{rule};
    }

    bool denies(std::string_view topic) const
    {
        return topic == "record.ingested.v2" && v2_denied_after_sends &&
               sends >= *v2_denied_after_sends;
    }

    bool dead() const { return fault.fatal && fault.call > 0 && calls > fault.call; }

    std::int64_t published_up_to() const
    {
        return published.empty() ? 0 : published.back().to.value;
    }
};

class FakeLaneStore final : public outbox::LaneStore {
public:
    explicit FakeLaneStore(FakeLaneWorld& world) : world_{world} {}

    asio::awaitable<std::optional<outbox::LaneState>> load(LaneId, Epoch epoch) override
    {
        check(false);
        if (epoch != world_.epoch) co_return std::nullopt;
        outbox::LaneState state;
        state.published_up_to = OutboxId{world_.published_up_to()};
        state.positions =
            world_.published.empty() ? world_.accepted : world_.published.back().positions;
        state.accepted_up_to = world_.accepted_up_to;
        if (world_.v2_waits) state.denied_topics.emplace_back("record.ingested.v2");
        for (const outbox::PlannedWindow& planned : world_.planned)
            if (planned.window.to > state.published_up_to) state.unfinished.push_back(planned);
        for (outbox::PlannedWindow& planned : state.unfinished)
            for (outbox::OutboxRow& row : planned.window.rows) row.held = is_quarantined(row.id);
        check(true);
        co_return state;
    }

    asio::awaitable<outbox::Window> read(LaneId, OutboxId after, int rows_max,
                                         std::int64_t) override
    {
        check(false);
        outbox::Window window;
        window.from = window.to = after;
        for (const auto& [id, body] : world_.rows) {
            if (id <= after.value || static_cast<int>(window.rows.size()) == rows_max) continue;
            outbox::OutboxRow row;
            row.id = OutboxId{id};
            row.topic = world_.of_v2.contains(id) ? "record.ingested.v2" : "record.ingested.v1";
            row.record_id.value.bytes[15] = static_cast<std::uint8_t>(id);
            row.source = id % 3 == 0 ? "lab" : "clinic";
            row.kind = "claim";
            row.correlation_id = "correlation-1";
            row.size = static_cast<std::int32_t>(body.size());
            row.body = body;
            window.rows.push_back(row);
            window.to = row.id;
        }
        check(true);
        co_return window;
    }

    asio::awaitable<bool> commit(LaneId, Epoch epoch, outbox::LaneCommit what) override
    {
        if (what.plan) co_await world_.dawdle(world_.slow_commits);
        check(false);
        if (epoch != world_.epoch) co_return false;
        world_.shared_commits += what.published && what.plan;
        if (what.published) record(*what.published);
        if (what.plan) plan(*what.plan);
        for (const auto& row : what.quarantined) {
            if (in_log(row.id)) world_.broken("an event that is in the log was quarantined");
            world_.quarantined.push_back(row.id.value);
            world_.v2_waits |= row.code == "topic_denied";
        }
        check(true);
        co_return true;
    }

    asio::awaitable<bool> move_bundles(LaneId, Epoch epoch,
                                       const outbox::PlannedWindow& moved) override
    {
        check(false);
        if (epoch != world_.epoch) co_return false;
        for (const outbox::OutboxRow& row : moved.window.rows)
            if (in_log(row.id)) world_.broken("bundles were moved that an event names");
        for (outbox::PlannedWindow& planned : world_.planned) {
            if (planned.window.to != moved.window.to) continue;
            for (std::size_t at = 0; at < planned.bundles.size(); ++at) {
                planned.bundles[at].bucket = moved.bundles.at(at).bucket;
                planned.bundles[at].object_key = moved.bundles.at(at).object_key;
            }
        }
        check(true);
        co_return true;
    }

private:
    void check(bool after_effect)
    {
        if (world_.fails(after_effect)) throw pg::Unavailable{"scripted"};
    }

    bool is_quarantined(OutboxId id) const
    {
        return std::find(world_.quarantined.begin(), world_.quarantined.end(), id.value) !=
               world_.quarantined.end();
    }

    void record(const outbox::PublishedWindow& published)
    {
        if (published.to.value <= world_.published_up_to())
            world_.broken("a window was recorded twice or out of order");
        for (const outbox::PlannedWindow& planned : world_.planned)
            for (const outbox::OutboxRow& row : planned.window.rows)
                if (row.id <= published.to && !in_log(row.id) && !is_quarantined(row.id))
                    world_.broken("a row was recorded as published and is not in the log");
        world_.published.push_back(published);
    }

    bool in_log(OutboxId id) const
    {
        for (const auto& [partition, records] : world_.log)
            for (const LogRecord& record : records)
                if (record.id == id.value) return true;
        return false;
    }

    void plan(const outbox::PlannedWindow& planned)
    {
        const std::int64_t last =
            world_.planned.empty() ? 0 : world_.planned.back().window.to.value;
        if (planned.window.from.value != last) world_.broken("windows overlap or leave a gap");
        world_.planned.push_back(planned);
        // The table has their object keys alone.
        for (outbox::Bundle& bundle : world_.planned.back().bundles) bundle.key.clear();
    }

    FakeLaneWorld& world_;
};

class FakeLaneObjects final : public objects::RawStore {
public:
    explicit FakeLaneObjects(FakeLaneWorld& world) : world_{world} {}

    asio::awaitable<void> put(std::string key, std::string_view body, objects::Sha256,
                              TimePoint) override
    {
        co_await world_.dawdle(world_.slow_puts);
        check(false);
        world_.objects[world_.bucket + "/" + key] = body;
        check(true);
        co_return;
    }
    asio::awaitable<std::string> get(std::string key, std::uint64_t offset, std::uint64_t length,
                                     TimePoint) override
    {
        co_return world_.objects.at(world_.bucket + "/" + key).substr(offset, length);
    }
    asio::awaitable<std::optional<objects::ObjectInfo>> head(std::string, TimePoint) override
    {
        co_return std::nullopt;
    }
    asio::awaitable<std::vector<objects::ObjectInfo>> list(std::string, std::string,
                                                           TimePoint) override
    {
        co_return std::vector<objects::ObjectInfo>{};
    }
    asio::awaitable<void> remove(std::string key, TimePoint) override
    {
        world_.objects.erase(world_.bucket + "/" + key);
        co_return;
    }
    asio::awaitable<void> probe(TimePoint) override { co_return; }
    std::string bucket() const override { return world_.bucket; }

private:
    void check(bool after_effect)
    {
        if (world_.fails(after_effect))
            throw objects::StoreError{objects::StoreFault::unavailable, "scripted"};
    }

    FakeLaneWorld& world_;
};

// A producer whose failing send stores a prefix of its messages, as a real one may, and which, as a
// broker does, refuses a batch as a whole for one message in it.
class FakeLaneProducer final : public kafka::Producer {
public:
    FakeLaneProducer(FakeLaneWorld& world, bool one_by_one) : world_{world}, one_by_one_{one_by_one}
    {
    }

    asio::awaitable<std::vector<kafka::Delivery>>
    send(std::vector<kafka::Message> messages) override
    {
        const bool fails_before = world_.fails(false);
        const bool fails_after = world_.fails(true);
        if (broken_) world_.broken("a producer was used after a fault");
        std::vector<kafka::Delivery> deliveries(messages.size());
        if (refuses(messages, deliveries)) co_return deliveries;
        ++world_.sends;
        if (!one_by_one_ && holds_poison(messages)) {
            for (kafka::Delivery& delivery : deliveries)
                delivery.fault = kafka::Fault::message_too_large;
            broken_ = true;
            co_return deliveries;
        }
        for (std::size_t at = 0; at < messages.size(); ++at) {
            const bool lost = fails_before && (world_.dead() || 2 * at >= messages.size());
            const std::int64_t id = std::stoll(header(messages[at], "x-id"));
            if (is_poison(id)) broken_ = true;
            if (broken_ || lost) {
                deliveries[at].fault =
                    is_poison(id) ? kafka::Fault::message_too_large : kafka::Fault::unavailable;
                deliveries[at].reason = "scripted";
                broken_ = true;
                continue;
            }
            deliveries[at].offset = store(messages[at], id);
            if (fails_after) deliveries[at].fault = kafka::Fault::unavailable;
        }
        broken_ |= fails_after;
        co_return deliveries;
    }

    Duration hold_most() const override { return world_.hold_most; }

    asio::awaitable<void> prime(std::vector<std::string>, TimePoint) override { co_return; }

    asio::awaitable<void> abort_into(std::vector<kafka::TopicPartition> partitions,
                                     TimePoint) override
    {
        if (!world_.v2_denied_after_sends) world_.broken("nothing is undecided in this log");
        if (broken_) world_.broken("a producer was used after a fault");
        if (!world_.denies(partitions.at(0).topic)) co_return;
        broken_ = true;
        throw kafka::Error{kafka::Fault::denied, "scripted"};
    }

private:
    static std::string header(const kafka::Message& message, const std::string& name)
    {
        for (const auto& [key, value] : message.headers)
            if (key == name) return value;
        throw std::logic_error{"a message lacks " + name};
    }

    // A transaction with a partition that it may not write to stores nothing.
    bool refuses(const std::vector<kafka::Message>& messages,
                 std::vector<kafka::Delivery>& deliveries)
    {
        const auto denied = [this](const auto& message) { return world_.denies(message.topic); };
        if (std::none_of(messages.begin(), messages.end(), denied)) return false;
        for (std::size_t at = 0; at < messages.size(); ++at)
            deliveries[at].fault =
                denied(messages[at]) ? kafka::Fault::denied : kafka::Fault::unavailable;
        broken_ = true;
        return true;
    }

    bool is_poison(std::int64_t id) const
    {
        return std::find(world_.poison.begin(), world_.poison.end(), id) != world_.poison.end();
    }

    bool holds_poison(const std::vector<kafka::Message>& messages) const
    {
        return std::any_of(messages.begin(), messages.end(), [&](const kafka::Message& message) {
            return is_poison(std::stoll(header(message, "x-id")));
        });
    }

    const outbox::PlannedWindow* plan_of(std::int64_t id) const
    {
        for (const outbox::PlannedWindow& planned : world_.planned)
            if (id > planned.window.from.value && id <= planned.window.to.value) return &planned;
        return nullptr;
    }

    bool is_stored(const outbox::Bundle& bundle) const
    {
        const auto found = world_.objects.find(bundle.bucket + "/" + bundle.object_key);
        return found != world_.objects.end() && found->second.size() == bundle.size;
    }

    std::int64_t store(const kafka::Message& message, std::int64_t id)
    {
        const outbox::PlannedWindow* plan = plan_of(id);
        if (plan == nullptr) world_.broken("an event left before its plan was committed");
        for (const outbox::Bundle& bundle : plan->bundles)
            if (!is_stored(bundle)) world_.broken("an event left before its bundles were stored");
        if (message.value.find("\"bucket\":\"" + plan->bundles.at(0).bucket + "\"") ==
            std::string::npos)
            world_.broken("an event names another bucket than its plan");
        auto& records = world_.log[{message.topic, message.partition}];
        records.push_back(
            {id, std::stoll(header(message, "x-pseq")), header(message, "ce_id"), message.value});
        return static_cast<std::int64_t>(records.size()) - 1;
    }

    FakeLaneWorld& world_;
    bool one_by_one_;
    bool broken_ = false;
};

class FakeLaneLog final : public outbox::EventLog {
public:
    explicit FakeLaneLog(FakeLaneWorld& world) : world_{world} {}

    asio::awaitable<std::unique_ptr<kafka::Producer>> open(LaneId,
                                                           kafka::Batching batching) override
    {
        if (world_.fails(false) || world_.fails(true))
            throw kafka::Error{kafka::Fault::unavailable, "scripted"};
        co_return std::make_unique<FakeLaneProducer>(world_, batching.one_by_one);
    }

    asio::awaitable<std::map<kafka::TopicPartition, kafka::Tail>>
    tails(std::vector<kafka::TopicPartition> partitions) override
    {
        if (world_.fails(false) || world_.fails(true))
            throw kafka::Error{kafka::Fault::unavailable, "scripted"};
        std::map<kafka::TopicPartition, kafka::Tail> tails;
        for (const kafka::TopicPartition& partition : partitions) {
            kafka::Tail& tail = tails[partition];
            const auto& records = world_.log[partition];
            tail.end = tail.stable_end = static_cast<std::int64_t>(records.size());
            if (records.empty()) continue;
            tail.last = kafka::Tail::Last{tail.end - 1,
                                          {{"x-id", std::to_string(records.back().id)},
                                           {"x-pseq", std::to_string(records.back().sequence)},
                                           {"ce_id", records.back().event_id}}};
        }
        co_return tails;
    }

private:
    FakeLaneWorld& world_;
};

// Nothing is pinned, and no topic is missing.
class FakeStanding final : public outbox::Standing {
public:
    asio::awaitable<std::optional<outbox::Halt>> look() override { co_return std::nullopt; }
    std::optional<outbox::Halt> known() const override { return std::nullopt; }
    const std::set<std::string>& missing_topics() const override { return missing_; }
    void set_allowed(LaneId, const std::set<std::string>& topics) override
    {
        allowed = topics;
        once_allowed.insert(topics.begin(), topics.end());
    }
    std::int64_t message_bytes() const override { return 0; }

    std::set<std::string> allowed;
    std::set<std::string> once_allowed;

private:
    std::set<std::string> missing_;
};

// Grants the world's epoch, always.
class FakeLease final : public outbox::LeaseStore {
public:
    explicit FakeLease(FakeLaneWorld& world) : world_{world} {}
    asio::awaitable<std::optional<Epoch>> acquire(outbox::LeaseTerms) override
    {
        co_return world_.epoch;
    }
    asio::awaitable<bool> renew(outbox::LeaseTerms, Epoch epoch) override
    {
        co_return epoch == world_.epoch;
    }
    asio::awaitable<void> release(LaneId, Epoch) override { co_return; }

private:
    FakeLaneWorld& world_;
};

}  // namespace exchange::test
