#include "base/started.hpp"
#include "ingest/routes_fixture.hpp"

#include <gmock/gmock.h>

#include <future>

namespace exchange::ingest {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using namespace std::chrono_literals;
namespace asio = boost::asio;

// A valid record of more bytes than are read in place.
std::string large_body()
{
    std::string body{Routes::valid};
    body.insert(body.size() - 2, R"("note":")" + std::string(small_body_max, 'x') + "\"");
    return body;
}

// Keeps the thread of the pool busy until `end`.
class Occupied {
public:
    explicit Occupied(Routes& ingest) : ingest_{ingest}
    {
        auto wait = [gate = gate_.get_future().share()] {
            gate.wait();
            return true;
        };
        busy_.emplace(ingest.io.get_executor(),
                      ingest.large_bodies.run(std::move(wait), SteadyClock::now() + 1h));
        ingest.io.poll();
    }
    void end()
    {
        gate_.set_value();
        EXPECT_TRUE(test::run(ingest_.io, busy_->get()));
    }

private:
    Routes& ingest_;
    std::promise<void> gate_;
    std::optional<Started<bool>> busy_;
};

TEST(LargeBody, lets_small_requests_be_answered_while_it_is_read)
{
    Routes ingest;
    Occupied reader{ingest};
    const test::FakeHead head{{{"Idempotency-Key", "key-number-2"}}};
    Started<net::Response> large{ingest.io.get_executor(),
                                 ingest.routes.front().handle(head, large_body())};
    for (int small = 0; small < 3; ++small) EXPECT_EQ(ingest.post().status, 202u);
    EXPECT_FALSE(test::run(ingest.io, large.settled(TimePoint{})));
    reader.end();
    EXPECT_EQ(test::run(ingest.io, large.get()).status, 202u);
}

TEST(LargeBody, is_told_each_violation)
{
    Routes ingest;
    ingest.body = large_body();
    ingest.body.replace(ingest.body.find("1980-02-29"), 10, "1981-02-29");
    ingest.body.replace(ingest.body.find("claim"), 5, "bread");
    const net::Response response = ingest.post();
    EXPECT_EQ(response.status, 400u);
    EXPECT_THAT(response.body, HasSubstr(R"("pointer":"/record_type","code":"kind_unknown")"));
    EXPECT_THAT(response.body, HasSubstr(R"("pointer":"/patient/dob","code":"date_invalid")"));
    EXPECT_EQ(ingest.count("invalid"), 1);
}

TEST(LargeBody, is_refused_for_now_when_too_many_wait)
{
    Routes ingest;
    Occupied reader{ingest};
    const test::FakeHead head{{{"Idempotency-Key", "key-number-2"}}};
    Started<net::Response> waiting{ingest.io.get_executor(),
                                   ingest.routes.front().handle(head, large_body())};
    ingest.io.restart();
    ingest.io.poll();
    ingest.body = large_body();
    const net::Response refused = ingest.post();
    EXPECT_EQ(refused.status, 503u);
    EXPECT_THAT(refused.body, HasSubstr("\"code\":\"overloaded\""));
    EXPECT_THAT(refused.headers, Contains(Pair("Retry-After", "1")));
    EXPECT_EQ(ingest.count("overloaded"), 1);
    reader.end();
    EXPECT_EQ(test::run(ingest.io, waiting.get()).status, 202u);
    EXPECT_EQ(ingest.post().status, 202u);
}

// Its loop stands still by then and goes after the pool, with the request that waits. What is used
// after its end is for the sanitizers to find.
TEST(LargeBody, may_wait_for_its_turn_when_all_ends)
{
    std::promise<void> gate;
    asio::io_context io;
    BlockingPool pool{"bodies", 1, 2};
    auto hold = [opened = gate.get_future().share()] {
        opened.wait();
        return true;
    };
    asio::co_spawn(io, pool.run(std::move(hold), SteadyClock::now() + 1h), asio::detached);
    std::future<std::unique_ptr<LargeBody>> read = asio::co_spawn(
        io, read_large_body(pool, record::Api::v1, large_body(), SteadyClock::now() + 1h),
        asio::use_future);
    io.poll();
    gate.set_value();
    EXPECT_EQ(read.wait_for(0s), std::future_status::timeout);
}

}  // namespace
}  // namespace exchange::ingest
