#include "pg/pipeline.hpp"

#include "pg/errors.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace exchange::pg {
namespace {

namespace asio = boost::asio;

constexpr int binary = 1;

using Result = std::unique_ptr<PGresult, void (*)(PGresult*)>;

// A message that the server answers: the preparation of a step's statement, or its execution.
struct Command {
    enum class Kind { prepare, execute } kind;
    const Step* step;
};

void check_sent(const Link& link, int sent)
{
    if (sent != 1) link.lost();
}

// A statement that occurs twice in one flush is prepared by its first occurrence.
bool prepared_before(std::span<const Command> commands, const Step& step)
{
    const std::string_view name = step.statement.name;
    const auto at = std::ranges::find_if(
        commands, [&](const Command& command) { return command.step->statement.name == name; });
    if (at == commands.end()) return false;
    if (std::string_view{at->step->statement.text} != step.statement.text)
        throw std::logic_error{fmt::format("two statements are named {}", name)};
    return true;
}

void send_prepare(const Link& link, const Step& step)
{
    check_sent(link, PQsendPrepare(link.raw(), step.statement.name, step.statement.text,
                                   step.params.size(), step.params.types()));
}

void send_execute(const Link& link, const Step& step)
{
    // Binary for every parameter: the formats differ from call to call only in their number.
    const std::vector<int> formats(static_cast<std::size_t>(step.params.size()), binary);
    check_sent(link, PQsendQueryPrepared(link.raw(), step.statement.name, step.params.size(),
                                         step.params.values(), step.params.lengths(),
                                         formats.data(), binary));
}

std::vector<Command> send(const Link& link, std::span<const Step> steps)
{
    std::vector<Command> commands;
    commands.reserve(2 * steps.size());
    for (const Step& step : steps) {
        const bool known = link.prepared.knows(step.statement, step.params);
        if (!known && !prepared_before(commands, step)) {
            send_prepare(link, step);
            commands.push_back({Command::Kind::prepare, &step});
        }
        send_execute(link, step);
        commands.push_back({Command::Kind::execute, &step});
    }
    check_sent(link, PQpipelineSync(link.raw()));
    return commands;
}

asio::awaitable<void> flush(Link& link)
{
    for (;;) {
        const int state = PQflush(link.raw());
        if (state == 0) co_return;
        if (state < 0) link.lost();
        // A server that cannot send does not read: take what it has while we write.
        co_await link.readable_or_writable();
        if (PQconsumeInput(link.raw()) == 0) link.lost();
    }
}

asio::awaitable<void> until_result(Link& link)
{
    while (PQisBusy(link.raw()) != 0) {
        const bool open = PQconsumeInput(link.raw()) != 0;
        if (PQisBusy(link.raw()) == 0) break;
        if (!open) link.lost();
        co_await link.readable();
    }
}

void note_failure(const Link& link, std::optional<Failure>& first, const PGresult& result,
                  std::string_view statement)
{
    // Without SQLSTATE it is libpq that speaks: the connection is gone.
    if (PQresultErrorField(&result, PG_DIAG_SQLSTATE) == nullptr) link.lost();
    if (!first) first = read_failure(result, statement);
}

// The results of one flush, given one by one.
class Collector {
public:
    Collector(Link& link, std::span<const Command> commands) : link_{link}, commands_{commands} {}

    // True when that was the Sync's.
    bool take(Result result)
    {
        if (!result) {
            // The end of one command's results.
            if (at_ < commands_.size()) ++at_;
            return false;
        }
        switch (PQresultStatus(result.get())) {
        case PGRES_PIPELINE_SYNC:
            return true;
        case PGRES_PIPELINE_ABORTED:
            return false;
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            succeeded(std::move(result));
            return false;
        case PGRES_FATAL_ERROR:
            failed(*result);
            return false;
        default:
            throw std::logic_error{"COPY is not for statements"};
        }
    }

    Answers& answers() { return answers_; }

private:
    void succeeded(Result result)
    {
        if (at_ >= commands_.size()) throw std::logic_error{"an answer that nothing asked for"};
        const Command& command = commands_[at_];
        if (command.kind == Command::Kind::prepare)
            link_.prepared.add(command.step->statement, command.step->params);
        else answers_.rows.emplace_back(result.release());
    }

    void failed(const PGresult& result)
    {
        const bool at_sync = at_ >= commands_.size();
        const Command& command = commands_[at_sync ? commands_.size() - 1 : at_];
        note_failure(link_, answers_.failure, result, command.step->statement.name);
    }

    Link& link_;
    std::span<const Command> commands_;
    std::size_t at_ = 0;
    Answers answers_;
};

asio::awaitable<void> receive(Link& link, Collector& collector)
{
    for (;;) {
        if (PQisBusy(link.raw()) != 0) co_await until_result(link);
        Result result{PQgetResult(link.raw()), &PQclear};
        const bool broken = !result && PQstatus(link.raw()) == CONNECTION_BAD;
        if (broken) link.lost();
        if (collector.take(std::move(result))) co_return;
    }
}

}  // namespace

asio::awaitable<Answers> pipeline(Link& link, std::span<const Step> steps)
{
    const std::vector<Command> commands = send(link, steps);
    if (PQflush(link.raw()) != 0) co_await flush(link);
    Collector collector{link, commands};
    try {
        co_await receive(link, collector);
    } catch (const Unavailable&) {
        // The server's last words say more than the end of the connection does.
        if (!collector.answers().failure) throw;
        raise(*collector.answers().failure);
    }
    co_return std::move(collector.answers());
}

asio::awaitable<std::optional<Failure>> simple_query(Link& link, const std::string& text)
{
    PGconn* const raw = link.raw();
    if (PQexitPipelineMode(raw) != 1) link.lost();
    check_sent(link, PQsendQuery(raw, text.c_str()));
    co_await flush(link);
    std::optional<Failure> failure;
    for (;;) {
        co_await until_result(link);
        const Result result{PQgetResult(raw), &PQclear};
        if (!result) break;
        switch (PQresultStatus(result.get())) {
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            throw std::logic_error{"COPY is not for scripts"};
        case PGRES_FATAL_ERROR:
            note_failure(link, failure, *result, "script");
            break;
        default:
            break;
        }
    }
    if (PQstatus(raw) == CONNECTION_BAD && !failure) link.lost();
    if (PQstatus(raw) != CONNECTION_BAD && PQenterPipelineMode(raw) != 1) link.lost();
    co_return failure;
}

}  // namespace exchange::pg
