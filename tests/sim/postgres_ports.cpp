#include "sim/postgres_ports.hpp"

#include "pg/errors.hpp"

namespace exchange::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// As in pg_lane_store.cpp.
constexpr Duration lease_patience = 2s;
constexpr Duration rows_patience = 15s;

// One statement: asked, done at one moment, answered.
template <class T>
asio::awaitable<T> run(Postgres& postgres, Duration patience, std::function<T()> statement)
{
    World& world = postgres.world();
    const auto serve = [statement](const Responder<T>& answer) { answer(statement()); };
    std::optional<T> answer =
        co_await request<T>(world, postgres.link(), SteadyClock::now() + patience, serve);
    if (!answer) throw pg::Unavailable{"simulated: no answer from Postgres"};
    co_return std::move(*answer);
}

}  // namespace

asio::awaitable<std::optional<Epoch>> SimLeaseStore::acquire(outbox::LeaseTerms terms)
{
    std::function<std::optional<Epoch>()> statement = [postgres = &postgres_, terms,
                                                       version = layout_version_] {
        return postgres->acquire(terms, version);
    };
    co_return co_await run(postgres_, lease_patience, std::move(statement));
}

asio::awaitable<bool> SimLeaseStore::renew(outbox::LeaseTerms terms, Epoch epoch)
{
    std::function<bool()> statement = [postgres = &postgres_, terms, epoch] {
        return postgres->renew(terms, epoch);
    };
    co_return co_await run(postgres_, lease_patience, std::move(statement));
}

asio::awaitable<void> SimLeaseStore::release(LaneId lane, Epoch epoch)
{
    std::function<bool()> statement = [postgres = &postgres_, lane, epoch] {
        postgres->release(lane, epoch);
        return true;
    };
    co_await run(postgres_, lease_patience, std::move(statement));
}

// Three statements, as the real one: the lane may change hands between them.
asio::awaitable<std::optional<outbox::LaneState>> SimLaneStore::load(LaneId lane, Epoch epoch)
{
    using Windows = std::vector<outbox::PlannedWindow>;
    Postgres* postgres = &postgres_;
    std::function<bool()> own_lane = [=] { return postgres->owns(lane, epoch); };
    if (!co_await run(postgres_, rows_patience, std::move(own_lane))) co_return std::nullopt;

    std::function<outbox::LaneState()> last_published = [=] {
        outbox::LaneState state;
        state.published_up_to = postgres->lane(lane).published_up_to();
        state.positions = postgres->lane(lane).positions();
        state.accepted_up_to = state.settled_up_to = postgres->lane(lane).settled.value;
        // The table keeps no ids.
        for (auto& [partition, position] : state.positions) position.last_id = 0;
        return state;
    };
    outbox::LaneState state = co_await run(postgres_, rows_patience, std::move(last_published));
    std::function<Windows()> planned = [postgres, lane, after = state.published_up_to] {
        return postgres->unfinished(lane, after);
    };
    state.unfinished = co_await run(postgres_, rows_patience, std::move(planned));
    co_return state;
}

asio::awaitable<outbox::Window> SimLaneStore::read(LaneId lane, OutboxId after, int rows_max,
                                                   std::int64_t)
{
    std::function<outbox::Window()> statement = [postgres = &postgres_, lane, after, rows_max] {
        return postgres->read(lane, after, rows_max);
    };
    co_return co_await run(postgres_, rows_patience, std::move(statement));
}

asio::awaitable<bool> SimLaneStore::commit(LaneId lane, Epoch epoch, outbox::LaneCommit what)
{
    // The caller's plan may be gone when the request arrives.
    std::shared_ptr<outbox::PlannedWindow> plan;
    if (what.plan) plan = std::make_shared<outbox::PlannedWindow>(*what.plan);
    what.plan = plan.get();
    const bool late = what.plan && postgres_.world().plan.variant == Variant::plan_after_publish;
    std::function<CommitAnswer()> statement = [postgres = &postgres_, lane, epoch, what, plan] {
        return postgres->commit(lane, epoch, what);
    };
    if (late) {
        postgres_.world().timeline.after(20ms, std::move(statement));
        co_return true;
    }
    const CommitAnswer answer = co_await run(postgres_, rows_patience, std::move(statement));
    if (answer == CommitAnswer::refused) {
        postgres_.world().violated("a commit met rows of another under the same epoch");
        throw pg::Refused{"23505", "simulated: a key exists already"};
    }
    co_return answer == CommitAnswer::done;
}

asio::awaitable<bool> SimLaneStore::move_bundles(LaneId lane, Epoch epoch,
                                                 const outbox::PlannedWindow& planned)
{
    std::function<bool()> statement = [postgres = &postgres_, lane, epoch, planned] {
        return postgres->move_bundles(lane, epoch, planned);
    };
    co_return co_await run(postgres_, rows_patience, std::move(statement));
}

asio::awaitable<void> SimAppender::connect(TimePoint)
{
    if (!postgres_.link().up) throw pg::Unavailable{"simulated: no connection to Postgres"};
    co_return;
}

asio::awaitable<std::vector<outbox::AppendAnswer>>
SimAppender::append(const outbox::Layout& layout, LaneId lane,
                    std::span<const outbox::AppendRow> rows, TimePoint deadline)
{
    std::vector<AppendedRow> owned;
    for (const outbox::AppendRow& row : rows) {
        AppendedRow& copy = owned.emplace_back();
        copy.source = row.source;
        copy.key = row.key;
        copy.body = row.body;
        copy.correlation_id = row.correlation_id;
        copy.sha256 = row.sha256;
        copy.record_id = row.record_id;
        copy.event_id = row.event_id;
        copy.api = row.api;
    }
    const auto serve = [postgres = &postgres_, lane, version = layout.version,
                        owned = std::move(owned)](const Responder<AppendReply>& answer) {
        postgres->append(lane, version, owned, answer);
    };
    std::optional<AppendReply> reply =
        co_await request<AppendReply>(postgres_.world(), postgres_.link(), deadline, serve);
    if (!reply) throw pg::Unavailable{"simulated: no answer to an append"};
    if (reply->layout_changed) throw outbox::LayoutChanged{};
    if (reply->refused) throw pg::Refused{"22023", "simulated: the append was rolled back"};
    co_return std::move(reply->answers);
}

asio::awaitable<std::vector<std::optional<outbox::AppendAnswer>>>
SimAppender::look_up(std::span<const outbox::AppendRow> rows, TimePoint)
{
    // Intake is never paused here.
    co_return std::vector<std::optional<outbox::AppendAnswer>>(rows.size());
}

}  // namespace exchange::sim
