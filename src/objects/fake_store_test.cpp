#include "support/fake_store.hpp"

#include "objects/raw_store_conformance.hpp"

#include <gmock/gmock.h>

namespace exchange::objects {
namespace {

using namespace std::chrono_literals;
using testing::FakeStore;
using testing::run_coroutine;
using testing::StoreEffect;
using testing::StoreOperation;
namespace asio = boost::asio;

struct FakeBackend {
    std::unique_ptr<RawStore> open(const asio::any_io_executor&)
    {
        return std::make_unique<FakeStore>();
    }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, RawStoreConformance, FakeBackend);

class ScriptedFake : public ::testing::Test {
protected:
    bool put(const std::string& key)
    {
        try {
            run_coroutine(io, store.put(key, key, crypto::sha256(key), SteadyClock::now() + 10s));
            return true;
        } catch (const StoreError& error) {
            last_fault = error.fault();
            return false;
        }
    }

    asio::io_context io;
    FakeStore store;
    StoreFault last_fault{};
};

TEST_F(ScriptedFake, fails_the_call_it_was_told_to_and_no_other)
{
    store.fail(StoreOperation::put, 2, StoreFault::denied);
    EXPECT_TRUE(put("a"));
    EXPECT_FALSE(put("b"));
    EXPECT_EQ(last_fault, StoreFault::denied);
    EXPECT_TRUE(put("c"));
    EXPECT_FALSE(store.objects().contains("b"));
    EXPECT_EQ(store.count(StoreOperation::put), 3u);
    EXPECT_EQ(store.calls().at(1).key, "b");
}

TEST_F(ScriptedFake, can_lose_the_answer_of_what_it_did)
{
    store.fail(StoreOperation::put, 1, StoreFault::unavailable, StoreEffect::done);
    EXPECT_FALSE(put("a"));
    EXPECT_TRUE(store.objects().contains("a"));
}

TEST_F(ScriptedFake, holds_calls_until_released_or_their_deadline)
{
    std::vector<std::string> finished;
    const auto note = [&](std::string name) {
        return [&finished, name](std::exception_ptr failure) {
            finished.push_back(name + (failure ? " failed" : " done"));
        };
    };
    store.hold();
    const std::string body = "x";
    const Sha256 sha256 = crypto::sha256(body);
    const TimePoint now = SteadyClock::now();
    asio::co_spawn(io, store.put("brief", body, sha256, now + 5ms), note("brief"));
    asio::co_spawn(io, store.put("patient", body, sha256, now + 1h), note("patient"));
    while (finished.empty()) io.run_one();
    EXPECT_EQ(store.waiting(), 1u);
    EXPECT_TRUE(store.objects().empty());
    store.release();
    io.run();
    EXPECT_THAT(finished, ::testing::ElementsAre("brief failed", "patient done"));
    EXPECT_TRUE(store.objects().contains("patient"));
}

}  // namespace
}  // namespace exchange::objects
