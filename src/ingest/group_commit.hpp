#pragma once

#include "base/random.hpp"
#include "base/signal.hpp"
#include "obs/health.hpp"
#include "obs/log.hpp"
#include "outbox/append.hpp"

#include "ingest/ingest_metrics.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

// Group commit of one lane: requests that are ready at the same moment share one transaction, one
// group is in flight at a time, and a lone request commits at once. There is no timer that waits
// for company: a group is what queued up while the one before it was committed.
namespace exchange::ingest {

struct GroupConfig {
    // Of one group. More: fewer commits under load, but a group's slowest request waits for all of
    // it. 256 is far above what fills up during one commit at the rates measured.
    std::size_t rows_max = 256;
    std::size_t bytes_max = 8 * 1024 * 1024;
    // Requests waiting for one lane; beyond it a request is refused at once.
    std::size_t queue_max = 4096;
    // How long a group's commit may take before its outcome counts as unknown.
    Duration commit_timeout = std::chrono::seconds{5};
    // How long a request may wait for its group before it is refused, unstored.
    Duration queue_timeout = std::chrono::seconds{5};
};

// What a request's trace wants to know of its group's commit.
struct CommitNote {
    std::int64_t began_us = 0;  // 0: its group never came to a commit
    std::int64_t ended_us = 0;
    LaneId lane{};
    std::size_t rows = 0;
    bool failed = false;
};

// A request's record. Views must outlive the call to `append`; an empty correlation id is drawn.
struct Incoming {
    std::string_view source;
    std::string_view key;
    std::array<std::uint8_t, 32> sha256{};
    std::string_view correlation_id = "";
    std::string_view kind;
    std::string_view schema_hint = "";
    std::int16_t api = 1;
    std::string_view traceparent = "";
    std::string_view body;
    // Intake is paused: a known key gets its answer, another is refused with `Failure::paused`.
    bool known_only = false;
    // Filled before the answer; null where nobody traces.
    CommitNote* commit = nullptr;
    // Gets the id that was drawn, if one was, even where the record was not taken: its answer and
    // the log name the request by it. Null where nobody asks.
    std::string* drawn_correlation_id = nullptr;
};

enum class Failure {
    paused,           // nothing stored
    queue_full,       // nothing stored
    waited_too_long,  // nothing stored
    unavailable,      // no connection: nothing stored
    unknown,          // the connection failed in mid-commit: it may be stored
    refused,          // Postgres refuses this record: nothing stored
    layout_changed,   // nothing stored; this process must read the layout anew
    stopping          // nothing stored
};
using Verdict = std::variant<outbox::AppendAnswer, Failure>;

class GroupCommit {
public:
    // `on_accepted` is called after a commit that stored at least one record.
    GroupCommit(boost::asio::any_io_executor executor, std::unique_ptr<outbox::Appender> appender,
                std::unique_ptr<Random> random, outbox::Layout layout, LaneId lane,
                GroupConfig settings, IngestMetrics& metrics, obs::Log& log,
                std::function<void()> on_accepted);

    // From any executor. Always answers: within the queue's and the commit's time-outs.
    boost::asio::awaitable<Verdict> append(Incoming incoming);

    // Returns after `stop()` once the queue is empty.
    boost::asio::awaitable<void> run();
    void stop();

private:
    struct Pending;

    std::vector<Pending*> next_group();
    boost::asio::awaitable<void> commit(std::vector<Pending*> group);
    boost::asio::awaitable<std::vector<Verdict>> ask(const std::vector<Pending*>& group,
                                                     TimePoint deadline);
    boost::asio::awaitable<void> commit_each(std::vector<Pending*> group);
    outbox::AppendRow prepare(Pending& pending);
    void log_refusal(const std::vector<Pending*>& group, std::string_view cause);
    void note_commit(const std::vector<Pending*>& group, std::int64_t began_us, bool failed);
    void answer_all(const std::vector<Pending*>& group, Failure failure);
    void answer(Pending& pending, Verdict verdict);

    boost::asio::any_io_executor executor_;
    std::unique_ptr<outbox::Appender> appender_;
    std::unique_ptr<Random> random_;
    outbox::Layout layout_;
    LaneId lane_;
    GroupConfig settings_;
    IngestMetrics& metrics_;
    obs::Log& log_;
    std::function<void()> on_accepted_;
    Signal wake_;

    std::mutex mutex_;
    std::deque<Pending*> queue_;
    bool stopping_ = false;
};

}  // namespace exchange::ingest
