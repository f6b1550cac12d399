#include "push/push.hpp"

#include "net/origin.hpp"
#include "push/input.hpp"
#include "push/progress.hpp"
#include "push/results_file.hpp"
#include "push/sender.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>

namespace exchange::push {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t connections_max = 1000;
constexpr auto tick_interval = 200ms;

net::Origin origin_of(const std::string& url)
{
    try {
        return net::parse_origin(url);
    } catch (const std::invalid_argument& error) {
        throw PushUsageError{std::string{error.what()} +
                             ". Hint: --url takes no path; --api chooses it"};
    }
}

bool is_visible(char c)
{
    return c > ' ' && c < '\x7f';
}

void check(const PushOptions& options)
{
    origin_of(options.url);
    if (options.files.empty()) throw PushUsageError{"no file given; - reads standard input"};
    if (options.api != "v1" && options.api != "v2") throw PushUsageError{"--api is v1 or v2"};
    if (options.connections < 1 || options.connections > connections_max)
        throw PushUsageError{"--connections is 1 to " + std::to_string(connections_max)};
    if (!valid_key_prefix(options.key_prefix))
        throw PushUsageError{"--key-prefix is 1 to 200 visible ASCII characters"};
    if (options.token.empty())
        throw PushUsageError{"no bearer token. Hint: set " + options.token_env +
                             " in the environment, or name another variable with --token-env"};
    if (!std::ranges::all_of(options.token, is_visible))
        throw PushUsageError{options.token_env + " holds characters that no bearer token has"};
}

std::unique_ptr<ResultsFile> open_results(const PushOptions& options)
{
    if (options.results_file.empty()) return nullptr;
    const ResultsHeader header{origin_of(options.url).text() + ingest_path(options.api),
                               options.key_prefix};
    return std::make_unique<ResultsFile>(options.results_file, header);
}

// One push: the sender, the clock that shows progress and saves results, and Ctrl-C.
class Run {
public:
    Run(asio::io_context& io, const PushOptions& options)
        : input_{io.get_executor(), options.files, options.line_bytes_max},
          results_{open_results(options)},
          sender_{io.get_executor(), options, input_, results_.get(), report_},
          meter_{options.progress, input_.bytes_total()},
          tick_{io},
          signals_{io, SIGINT, SIGTERM}
    {
    }

    void start(asio::io_context& io)
    {
        await_signal();
        asio::co_spawn(io, tick(), [this](const std::exception_ptr& failure) {
            failure_ = failure;
            if (failure) sender_.stop(PushEnd::interrupted, "");
        });
        sender_.start([this] {
            done_ = true;
            tick_.cancel();
            signals_.cancel();
        });
    }

    PushReport finish()
    {
        meter_.finish();
        sender_.rethrow_failure();
        if (failure_) std::rethrow_exception(failure_);
        if (results_) results_->flush();
        report_.blank = input_.blank_lines();
        report_.unfinished = report_.lines - report_.settled();
        report_.seconds = std::chrono::duration<double>(SteadyClock::now() - started_at_).count();
        return std::move(report_);
    }

private:
    void await_signal()
    {
        signals_.async_wait([this](boost::system::error_code error, int) {
            if (error) return;
            if (interrupted_) sender_.cancel();
            interrupted_ = true;
            sender_.stop(PushEnd::interrupted, "");
            await_signal();
        });
    }

    asio::awaitable<void> tick()
    {
        while (!done_) {
            const TimePoint now = SteadyClock::now();
            if (results_) results_->flush();
            meter_.tick(now, report_, sender_.waiting_for(now));
            tick_.expires_at(now + tick_interval);
            co_await tick_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }

    const TimePoint started_at_ = SteadyClock::now();
    PushReport report_;
    Input input_;
    std::unique_ptr<ResultsFile> results_;
    Sender sender_;
    ProgressMeter meter_;
    asio::steady_timer tick_;
    asio::signal_set signals_;
    std::exception_ptr failure_;
    bool interrupted_ = false;
    bool done_ = false;
};

}  // namespace

bool is_loopback(const std::string& url)
{
    const net::Origin origin = origin_of(url);
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(origin.host, not_an_address);
    return not_an_address ? origin.host == "localhost" : address.is_loopback();
}

PushReport push(const PushOptions& options)
{
    check(options);
    asio::io_context io{1};
    Run run{io, options};
    run.start(io);
    io.run();
    return run.finish();
}

}  // namespace exchange::push
