#include "push/sender.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace exchange::push {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Shorter failures pass unnoticed; the next try will show.
constexpr auto outage_min = 1s;
constexpr std::size_t response_bytes_max = 1024 * 1024;
constexpr std::size_t first_rejected_max = 10;
constexpr std::size_t pointers_shown_max = 5;
constexpr std::size_t codes_listed_max = 50;

double unit_interval(Random& random)
{
    std::array<std::uint8_t, 2> bytes{};
    random.fill(bytes);
    return (bytes[0] * 256 + bytes[1]) / 65535.0;
}

std::int64_t unix_seconds_now()
{
    return unix_ms_now() / 1000;
}

}  // namespace

std::string ingest_path(std::string_view api)
{
    return "/" + std::string{api} + "/ingest";
}

Sender::Sender(asio::any_io_executor executor, const PushOptions& options, Input& input,
               ResultsFile* results, PushReport& report)
    : executor_{executor},
      options_{options},
      input_{input},
      results_{results},
      report_{report},
      client_{net::make_client(executor, options.url, options.connections)},
      target_{ingest_path(options.api)},
      authorization_{"Bearer " + options.token},
      drain_{executor}
{
}

void Sender::start(std::function<void()> done)
{
    done_ = std::move(done);
    running_ = options_.connections;
    for (std::size_t i = 0; i < options_.connections; ++i) {
        Worker& worker = workers_.emplace_back(executor_);
        asio::co_spawn(executor_, work(worker),
                       asio::bind_cancellation_slot(
                           worker.cancel.slot(),
                           [this](const std::exception_ptr& failure) { ended(failure); }));
    }
}

void Sender::stop(PushEnd end, std::string detail)
{
    if (stopping_) return;
    stopping_ = true;
    report_.end = end;
    report_.detail = std::move(detail);
    input_.stop();
    for (Worker& worker : workers_) worker.nap.cancel();
    drain_.expires_after(options_.drain_timeout);
    drain_.async_wait([this](boost::system::error_code error) {
        if (!error) cancel();
    });
}

void Sender::cancel()
{
    cancelled_ = true;
    for (Worker& worker : workers_) worker.cancel.emit(asio::cancellation_type::terminal);
}

void Sender::ended(const std::exception_ptr& failure)
{
    // A cancelled worker ends by an exception too.
    if (failure && !cancelled_) {
        if (!failure_) failure_ = failure;
        stop(PushEnd::interrupted, "");
    }
    if (--running_ > 0) return;
    drain_.cancel();
    done_();
}

void Sender::rethrow_failure()
{
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

asio::awaitable<void> Sender::work(Worker& worker)
{
    while (!stopping_) {
        const std::optional<Line> line = co_await input_.next();
        if (!line) co_return;
        ++report_.lines;
        // Before anything is awaited: the order of the lines decides the keys of equal ones.
        const LineKey key = keys_.key_of(line->bytes);
        if (!settled_before(key)) co_await deliver(worker, *line, key);
        report_.bytes += line->size;
    }
}

bool Sender::settled_before(const LineKey& key)
{
    if (results_ == nullptr) return false;
    const SettledLines::Found found = results_->settled().find(key);
    if (found == SettledLines::Found::no) return false;
    ++report_.skipped;
    if (found == SettledLines::Found::rejected) ++report_.rejected_before;
    return true;
}

asio::awaitable<void> Sender::deliver(Worker& worker, const Line& line, const LineKey& key)
{
    const std::string name = to_string(key, options_.key_prefix);
    for (unsigned failures = 1; !stopping_; ++failures) {
        const Answer answer = line.too_long ? too_long() : co_await ask(line, name);
        switch (answer.verdict) {
        case Verdict::accepted:
        case Verdict::rejected:
            settle(line, name, answer);
            co_return;
        case Verdict::token_refused:
            stop(PushEnd::token_refused, answer.reason + " (" + place(line) + ")");
            co_return;
        case Verdict::wrong_server:
            stop(PushEnd::wrong_server,
                 options_.url + target_ + " answered " + answer.reason + " (" + place(line) + ")");
            co_return;
        case Verdict::retry:
            break;
        }
        ++report_.retries;
        co_await pause(worker, failures, answer);
    }
}

asio::awaitable<Answer> Sender::ask(const Line& line, const std::string& key)
{
    net::ClientRequest request;
    request.method = "POST";
    request.target = target_;
    request.headers = {{"Authorization", authorization_},
                       {"Content-Type", "application/json"},
                       {"Idempotency-Key", key}};
    request.body = line.bytes;
    request.response_bytes_max = response_bytes_max;
    try {
        const net::ClientResponse response = co_await client_->send(
            std::move(request), SteadyClock::now() + options_.request_timeout);
        co_return judge(response, unix_seconds_now());
    } catch (const net::ClientError& error) {
        co_return no_answer(error.what());
    }
}

asio::awaitable<void> Sender::pause(Worker& worker, unsigned failures, const Answer& answer)
{
    const TimePoint now = SteadyClock::now();
    if (!failing_since_) failing_since_ = now;
    failing_with_ = answer.reason;
    if (has_given_up(now)) stop(PushEnd::gave_up, answer.reason);
    if (stopping_) co_return;

    TimePoint until =
        now + pause_before_retry(failures, answer.retry_after, unit_interval(random_));
    // The last try is made when the time is up, not before.
    if (options_.give_up_after) until = std::min(until, *failing_since_ + *options_.give_up_after);
    worker.may_be_woken = !answer.retry_after;
    worker.nap.expires_at(until);
    co_await worker.nap.async_wait(asio::as_tuple(asio::use_awaitable));
    worker.may_be_woken = false;
}

bool Sender::has_given_up(TimePoint now) const
{
    return options_.give_up_after && now - *failing_since_ >= *options_.give_up_after;
}

void Sender::settle(const Line& line, const std::string& key, const Answer& answer)
{
    if (results_ != nullptr)
        results_->append(render_result(input_.file_name(line), line, key, answer));
    if (answer.verdict == Verdict::rejected) count_rejected(line, answer);
    else ++(answer.replayed ? report_.replayed : report_.accepted);
    if (!line.too_long) note_life(SteadyClock::now());
}

void Sender::count_rejected(const Line& line, const Answer& answer)
{
    ++report_.rejected;
    if (line.too_long) ++report_.too_long;
    // What answers may be no exchange: its codes must not fill the memory.
    std::map<std::string, std::uint64_t>& by_code = report_.rejected_by_code;
    const bool listed = by_code.size() < codes_listed_max || by_code.contains(answer.reason);
    ++by_code[listed ? answer.reason : "other"];
    if (report_.first_rejected.size() == first_rejected_max) return;
    std::string text = place(line) + ": " + answer.reason;
    for (std::size_t i = 0; i < std::min(answer.errors.size(), pointers_shown_max); ++i)
        text.append(i == 0 ? ": " : ", ")
            .append(answer.errors[i].pointer)
            .append(" ")
            .append(answer.errors[i].code);
    report_.first_rejected.push_back(std::move(text));
}

void Sender::note_life(TimePoint now)
{
    if (!failing_since_) return;
    // After an outage everyone may come back at once. Not sooner: a single line that fails while
    // others do not would be repeated without a pause.
    if (now - *failing_since_ >= outage_min)
        for (Worker& worker : workers_)
            if (worker.may_be_woken) worker.nap.cancel();
    failing_since_.reset();
}

std::string Sender::waiting_for(TimePoint now) const
{
    return failing_since_ && now - *failing_since_ >= outage_min ? failing_with_ : std::string{};
}

std::string Sender::place(const Line& line) const
{
    return input_.file_name(line) + " line " + std::to_string(line.number);
}

}  // namespace exchange::push
