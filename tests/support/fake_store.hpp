#pragma once

#include "crypto/digest.hpp"
#include "objects/object_key.hpp"
#include "objects/probe.hpp"
#include "objects/raw_store.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>
#include <map>
#include <string>
#include <vector>

// A raw store in memory that does what a test says: fail the n-th call of a kind, before or after
// its effect; hold all calls until released. Passes raw_store_conformance.hpp. One thread only.
namespace exchange::testing {

enum class StoreOperation { put, get, head, list, remove };

// What a failing call leaves behind: nothing, or all it was asked for (the answer was lost).
enum class StoreEffect { none, done };

struct StoreCall {
    StoreOperation operation;
    // The prefix, for a list.
    std::string key;
    // Of the body put or the range asked for.
    std::uint64_t size = 0;
};

class FakeStore final : public objects::RawStore {
public:
    // The n-th call of that kind from now (1: the next) fails.
    void fail(StoreOperation operation, std::size_t nth, objects::StoreFault fault,
              StoreEffect effect = StoreEffect::none)
    {
        plans_.push_back({operation, nth, fault, effect});
    }

    // Every call waits, until `release` or its deadline (then: unavailable, nothing done).
    void hold() { held_ = true; }
    void release()
    {
        held_ = false;
        for (boost::asio::steady_timer* timer : waiting_) timer->cancel();
    }
    std::size_t waiting() const { return waiting_.size(); }

    // In the order in which they were made, whatever became of them.
    const std::vector<StoreCall>& calls() const { return calls_; }
    std::size_t count(StoreOperation operation) const
    {
        std::size_t n = 0;
        for (const StoreCall& call : calls_) n += call.operation == operation ? 1 : 0;
        return n;
    }

    // What is stored, for the test to look at and to damage.
    std::map<std::string, std::string>& objects() { return bodies_; }

    boost::asio::awaitable<void> put(std::string key, std::string_view body, objects::Sha256 sha256,
                                     TimePoint deadline) override
    {
        check(key);
        const Verdict verdict = co_await enter({StoreOperation::put, key, body.size()}, deadline);
        // After the wait: a caller whose bytes did not outlive the call is found out here.
        if (crypto::sha256(body) != sha256) refuse(objects::StoreFault::corrupted);
        bodies_[key] = body;
        modified_[key] = unix_ms_now();
        if (verdict.lose_answer) refuse(verdict.fault);
    }

    boost::asio::awaitable<std::string> get(std::string key, std::uint64_t offset,
                                            std::uint64_t length, TimePoint deadline) override
    {
        check(key);
        const Verdict verdict = co_await enter({StoreOperation::get, key, length}, deadline);
        const auto found = bodies_.find(key);
        if (found == bodies_.end()) refuse(objects::StoreFault::object_missing);
        const std::uint64_t size = found->second.size();
        if (offset > size || length > size - offset) refuse(objects::StoreFault::corrupted);
        if (verdict.lose_answer) refuse(verdict.fault);
        co_return found->second.substr(offset, length);
    }

    boost::asio::awaitable<std::optional<objects::ObjectInfo>> head(std::string key,
                                                                    TimePoint deadline) override
    {
        check(key);
        const Verdict verdict = co_await enter({StoreOperation::head, key, 0}, deadline);
        if (verdict.lose_answer) refuse(verdict.fault);
        if (!bodies_.contains(key)) co_return std::nullopt;
        co_return info_of(key);
    }

    boost::asio::awaitable<std::vector<objects::ObjectInfo>>
    list(std::string prefix, std::string after, TimePoint deadline) override
    {
        const Verdict verdict = co_await enter({StoreOperation::list, prefix, 0}, deadline);
        if (verdict.lose_answer) refuse(verdict.fault);
        std::vector<objects::ObjectInfo> found;
        for (auto it = bodies_.upper_bound(after); it != bodies_.end() && found.size() < 1000; ++it)
            if (it->first.starts_with(prefix)) found.push_back(info_of(it->first));
        co_return found;
    }

    boost::asio::awaitable<void> remove(std::string key, TimePoint deadline) override
    {
        check(key);
        const Verdict verdict = co_await enter({StoreOperation::remove, key, 0}, deadline);
        bodies_.erase(key);
        modified_.erase(key);
        if (verdict.lose_answer) refuse(verdict.fault);
    }

    boost::asio::awaitable<void> probe(TimePoint deadline) override
    {
        co_await objects::probe_store(*this, deadline);
    }

    std::string bucket() const override { return "fake-bucket"; }

private:
    struct Plan {
        StoreOperation operation;
        std::size_t nth;
        objects::StoreFault fault;
        StoreEffect effect;
    };
    struct Verdict {
        bool lose_answer = false;
        objects::StoreFault fault = objects::StoreFault::unavailable;
    };
    // Keeps a held call's timer where `release` finds it, for as long as the call waits.
    struct Waiting {
        Waiting(std::list<boost::asio::steady_timer*>& all, boost::asio::steady_timer& timer)
            : list{all}, place{all.insert(all.end(), &timer)}
        {
        }
        ~Waiting() { list.erase(place); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

        std::list<boost::asio::steady_timer*>& list;
        std::list<boost::asio::steady_timer*>::iterator place;
    };

    boost::asio::awaitable<Verdict> enter(StoreCall call, TimePoint deadline)
    {
        const StoreOperation operation = call.operation;
        calls_.push_back(std::move(call));
        const auto executor = co_await boost::asio::this_coro::executor;
        // A real store never answers before others had their turn.
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
        while (held_) {
            if (SteadyClock::now() >= deadline) refuse(objects::StoreFault::unavailable);
            boost::asio::steady_timer timer{executor, deadline};
            const Waiting waiting{waiting_, timer};
            co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        }
        co_return verdict_on(operation);
    }

    // Counts this call in every plan for its kind and carries out the one that is due.
    Verdict verdict_on(StoreOperation operation)
    {
        std::optional<Plan> due;
        for (Plan& plan : plans_)
            if (plan.operation == operation && --plan.nth == 0) due = plan;
        std::erase_if(plans_, [](const Plan& plan) { return plan.nth == 0; });
        if (!due) return {};
        if (due->effect == StoreEffect::none) refuse(due->fault);
        return {true, due->fault};
    }

    objects::ObjectInfo info_of(const std::string& key) const
    {
        const auto modified = modified_.find(key);
        return {key, bodies_.at(key).size(), modified == modified_.end() ? 0 : modified->second};
    }

    static void check(const std::string& key)
    {
        if (!objects::is_object_key(key)) refuse(objects::StoreFault::denied);
    }

    [[noreturn]] static void refuse(objects::StoreFault fault)
    {
        throw objects::StoreError{fault, "bucket 'fake-bucket': as scripted. Hint: none."};
    }

    std::map<std::string, std::string> bodies_;
    std::map<std::string, std::int64_t> modified_;
    std::vector<StoreCall> calls_;
    std::vector<Plan> plans_;
    bool held_ = false;
    std::list<boost::asio::steady_timer*> waiting_;
};

}  // namespace exchange::testing
