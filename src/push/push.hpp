#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Sends files of records to an exchange: each line of NDJSON is one request body, byte for byte.
//
// Every line has an Idempotency-Key made from its bytes and the number of equal lines before it in
// the input. So a repeated push, also of a renamed file, sends nothing twice, while equal lines in
// one input are records of their own. Not promised: an order between lines.
//
// Memory does not grow with the input but for about 20 bytes a line, which tell equal lines apart,
// and 24 for each line that an earlier run's results file holds.
namespace exchange::push {

enum class ProgressStyle {
    none,
    // One line on a terminal, drawn again up to five times a second.
    bar,
    // A line every ten seconds, for logs.
    lines,
};

struct PushOptions {
    // In the order they are read; "-" is standard input.
    std::vector<std::string> files;
    // http(s)://host[:port]
    std::string url = "http://127.0.0.1:8080";
    // "v1" or "v2".
    std::string api = "v1";
    std::string token;
    // Where the token came from; the command that resumes names it.
    std::string token_env = "EXCHANGE_TOKEN";
    // Requests in flight. More help while the exchange has room to commit larger groups; beyond
    // that they only wait there.
    std::size_t connections = 16;
    // What became of each line is appended here; empty: nowhere. Lines found in it are not sent
    // again.
    std::string results_file;
    std::string key_prefix = "push";
    // Ends the push after this long without any answer that settles a line; nothing: retries for
    // ever.
    std::optional<Duration> give_up_after;
    // For one attempt. Higher helps large bodies on slow links; lower notices a silent peer sooner.
    Duration request_timeout = std::chrono::seconds{60};
    // How long requests in flight may take to end after Ctrl-C.
    Duration drain_timeout = std::chrono::seconds{10};
    // The exchange takes no more; longer lines are rejected without being sent.
    std::size_t line_bytes_max = 10u * 1024 * 1024;
    ProgressStyle progress = ProgressStyle::none;
};

enum class PushEnd {
    complete,
    interrupted,
    // `give_up_after` passed.
    gave_up,
    // 401 or 403: every further line would fare the same.
    token_refused,
    // No exchange at this URL: a redirect, 404, 405, or an answer of another kind.
    wrong_server,
};

struct PushReport {
    PushEnd end = PushEnd::complete;
    // Why it ended, when not complete; one line.
    std::string detail;

    // lines = accepted + replayed + rejected + skipped + unfinished
    std::uint64_t lines = 0;
    // Stored by this push.
    std::uint64_t accepted = 0;
    // Stored by an earlier one; the exchange gave the same answer again.
    std::uint64_t replayed = 0;
    std::uint64_t rejected = 0;
    // Settled in the results file by an earlier run, and how many of them as rejected.
    std::uint64_t skipped = 0;
    std::uint64_t rejected_before = 0;
    // Read but not settled when the push ended early. Lines after them were not read.
    std::uint64_t unfinished = 0;

    // Of `rejected`: longer than `line_bytes_max`, so not sent.
    std::uint64_t too_long = 0;
    std::uint64_t blank = 0;
    std::uint64_t retries = 0;
    std::uint64_t bytes = 0;
    double seconds = 0;

    // "400 body_invalid" and how often.
    std::map<std::string, std::uint64_t> rejected_by_code;
    // The first few, one line of text each: where, status, code, pointers. No values.
    std::vector<std::string> first_rejected;

    std::uint64_t settled() const { return accepted + replayed + rejected + skipped; }
    // Answered by the exchange for good.
    std::uint64_t sent() const { return accepted + replayed + rejected - too_long; }
};

// The options cannot work: no such file, not a URL, a results file of another push. The text says
// which and what to do.
class PushUsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Blocks until the end of the input, Ctrl-C (SIGINT, SIGTERM), or one of the ends above. The first
// signal lets requests in flight end, the second does not. Writes progress to standard error,
// nothing else. Throws PushUsageError before anything is sent, std::system_error when a file cannot
// be read or the results cannot be written.
PushReport push(const PushOptions& options);

// 0 all accepted or replayed, 2 wrong server, 3 some rejected, 5 gave up, 6 token refused,
// 130 interrupted.
int exit_code(const PushReport& report);

// One JSON document, one line.
std::string render_json(const PushReport& report);

// For people; several lines, with the command that resumes when the end came early.
std::string render_text(const PushReport& report, const PushOptions& options);

// True when `url` points to this machine.
bool is_loopback(const std::string& url);

}  // namespace exchange::push
