#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "net/client.hpp"
#include "push/answer.hpp"
#include "push/input.hpp"
#include "push/line_key.hpp"
#include "push/push.hpp"
#include "push/results_file.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

// The lines on their way: so many workers as there are connections, each with one line at a time
// that it repeats until the exchange has settled it. One executor, one thread.
namespace exchange::push {

class Sender {
public:
    // All referenced must outlive `done`. `results` may be null.
    Sender(boost::asio::any_io_executor executor, const PushOptions& options, Input& input,
           ResultsFile* results, PushReport& report);

    // `done` is called once, when the last worker has ended.
    void start(std::function<void()> done);
    // No further lines; what is in flight may end within `drain_timeout`. Idempotent.
    void stop(PushEnd end, std::string detail);
    // What is in flight is abandoned.
    void cancel();

    // Why nothing was settled for a while; empty when all is well.
    std::string waiting_for(TimePoint now) const;
    // What a worker threw, if one did. Once, after `done`.
    void rethrow_failure();

private:
    struct Worker {
        explicit Worker(const boost::asio::any_io_executor& executor) : nap{executor} {}
        boost::asio::steady_timer nap;
        // The exchange named no time, so a sign of life from it ends the nap.
        bool may_be_woken = false;
        boost::asio::cancellation_signal cancel;
    };

    boost::asio::awaitable<void> work(Worker& worker);
    boost::asio::awaitable<void> deliver(Worker& worker, const Line& line, const LineKey& key);
    boost::asio::awaitable<Answer> ask(const Line& line, const std::string& key);
    boost::asio::awaitable<void> pause(Worker& worker, unsigned failures, const Answer& answer);
    bool settled_before(const LineKey& key);
    void settle(const Line& line, const std::string& key, const Answer& answer);
    void count_rejected(const Line& line, const Answer& answer);
    void note_life(TimePoint now);
    bool has_given_up(TimePoint now) const;
    std::string place(const Line& line) const;
    void ended(const std::exception_ptr& failure);

    boost::asio::any_io_executor executor_;
    const PushOptions& options_;
    Input& input_;
    ResultsFile* results_;
    PushReport& report_;
    std::unique_ptr<net::Client> client_;
    std::string target_;
    std::string authorization_;
    KeyMaker keys_;
    SystemRandom random_;
    std::deque<Worker> workers_;
    std::size_t running_ = 0;
    std::function<void()> done_;
    std::exception_ptr failure_;
    bool stopping_ = false;
    bool cancelled_ = false;
    boost::asio::steady_timer drain_;
    // The first failure since the exchange settled a line, and the latest one's cause.
    std::optional<TimePoint> failing_since_;
    std::string failing_with_;
};

// The path that records of this version are posted to.
std::string ingest_path(std::string_view api);

}  // namespace exchange::push
