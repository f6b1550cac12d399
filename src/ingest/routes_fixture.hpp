#pragma once

#include "ingest/routes.hpp"
#include "pg/errors.hpp"
#include "support/fake_head.hpp"
#include "support/run.hpp"

#include <deque>

// The routes over a lane in memory and a door-keeper that does what the test says.
namespace exchange::ingest {

class ScriptedAppender final : public outbox::Appender {
public:
    enum class Step { take, no_connection, lose_connection, refuse, change_layout };

    explicit ScriptedAppender(const Step& step) : step_{step} {}

    boost::asio::awaitable<void> connect(TimePoint) override
    {
        if (step_ == Step::no_connection) throw pg::Unavailable{"nobody listens"};
        co_return;
    }

    boost::asio::awaitable<std::vector<outbox::AppendAnswer>>
    append(const outbox::Layout&, LaneId, std::span<const outbox::AppendRow> rows,
           TimePoint) override
    {
        if (step_ == Step::lose_connection) throw pg::Unavailable{"no answer"};
        if (step_ == Step::refuse) throw pg::Refused{"23514", "a constraint"};
        if (step_ == Step::change_layout) throw outbox::LayoutChanged{};
        std::vector<outbox::AppendAnswer> answers;
        for (const outbox::AppendRow& row : rows) {
            if (row.sha256 != crypto::sha256(row.body)) throw std::logic_error{"another body"};
            answers.push_back(
                {outbox::AppendOutcome::accepted, row.record_id, std::string{row.correlation_id}});
        }
        co_return answers;
    }

    boost::asio::awaitable<std::vector<std::optional<outbox::AppendAnswer>>>
    look_up(std::span<const outbox::AppendRow> rows, TimePoint) override
    {
        co_return std::vector<std::optional<outbox::AppendAnswer>>(rows.size());
    }

    void close() override {}

private:
    const Step& step_;
};

// Lets everybody in until it is told otherwise; the last word stands.
class ScriptedAuthenticator final : public auth::Authenticator {
public:
    auth::Verdict authenticate(std::string_view, bool) const override
    {
        auth::Verdict verdict = verdicts.front();
        if (verdicts.size() > 1) verdicts.pop_front();
        return verdict;
    }

    static auth::Verdict anybody()
    {
        auth::Principal principal;
        principal.scopes = {"ingest"};
        return principal;
    }
    static auth::Verdict somebody(std::string source, std::vector<std::string> scopes)
    {
        auth::Principal principal;
        principal.source = std::move(source);
        principal.scopes = std::move(scopes);
        return principal;
    }
    static auth::Verdict nobody(std::string code)
    {
        return auth::Rejection{std::move(code), "the token is no good"};
    }

    mutable std::deque<auth::Verdict> verdicts{anybody()};
};

struct Routes {
    using Step = ScriptedAppender::Step;

    static constexpr std::string_view valid =
        R"({"source":"clinic","record_type":"claim","patient":{"first_name":"Sam",)"
        R"("last_name":"Doe","dob":"1980-02-29"},"payload":{}})";

    explicit Routes(GroupConfig group = {})
        : committer{io.get_executor(),
                    std::make_unique<ScriptedAppender>(step),
                    std::make_unique<SystemRandom>(),
                    outbox::Layout{1, 1, 1, 1},
                    LaneId{0},
                    group,
                    ingest_metrics,
                    log,
                    [] {}}
    {
        boost::asio::co_spawn(io, committer.run(), boost::asio::detached);
        IngestParts parts{
            authenticator,
            [this] { return ready; },
            [this](std::string_view, std::string_view) -> GroupCommit& { return committer; },
            [this] { return std::string_view{paused_by}; },
            quota,
            large_bodies,
            ingest_metrics,
            refusals,
            log};
        routes = make_routes(std::move(parts), IngestConfig{});
    }
    ~Routes()
    {
        committer.stop();
        io.restart();
        io.run();
    }
    Routes(const Routes&) = delete;
    Routes& operator=(const Routes&) = delete;

    // Sends `body` under `head` as the server does: first asks by the head alone.
    net::Response post()
    {
        const net::Route& route = routes.front();
        if (std::optional<net::Response> refused = route.precheck(head)) return *refused;
        return test::run(io, route.handle(head, body));
    }

    // Requests counted under this outcome; under any when it is empty.
    double count(const std::string& outcome = {}) const
    {
        const std::string series = "\nexchange_ingest_requests_total{outcome=\"" + outcome;
        const std::string text = metrics.expose();
        double sum = 0;
        for (std::size_t at = text.find(series); at != std::string::npos;
             at = text.find(series, at + 1))
            sum += std::stod(text.substr(text.find("} ", at) + 2));
        return sum;
    }

    test::FakeHead head{{{"Idempotency-Key", "key-number-1"}}};
    std::string body{valid};
    Step step = Step::take;
    bool ready = true;
    std::string paused_by;
    ScriptedAuthenticator authenticator;
    Quota quota{QuotaConfig{.records_per_s = 1000}};

    boost::asio::io_context io;
    // One that is read and one that waits.
    BlockingPool large_bodies{"bodies", 1, 2};
    obs::Metrics metrics;
    IngestMetrics ingest_metrics{metrics};
    obs::Log log{obs::LogFormat::logfmt, obs::LogLevel::debug};
    RefusalLog refusals{log};
    GroupCommit committer;
    std::vector<net::Route> routes;
};

}  // namespace exchange::ingest
