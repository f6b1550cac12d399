#pragma once

#include "base/time.hpp"
#include "net/client.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What an answer of the exchange means for a line, and when to try again. Pure.
namespace exchange::push {

enum class Verdict {
    // Final for the line.
    accepted,
    rejected,
    // The same request may fare better later.
    retry,
    // Final for the push.
    token_refused,
    wrong_server,
};

struct FieldError {
    std::string pointer;
    std::string code;
};

struct Answer {
    Verdict verdict = Verdict::retry;
    // 0: there was no answer.
    unsigned status = 0;
    std::string record_id;
    bool replayed = false;
    // The problem's code, or http_<status> when the answer carried none.
    std::string code;
    std::vector<FieldError> errors;
    std::optional<Duration> retry_after;
    // For people, when not accepted: "503 overloaded", "connecting: Connection refused".
    std::string reason;
};

// `unix_seconds_now` is for a Retry-After that names a date.
Answer judge(const net::ClientResponse& response, std::int64_t unix_seconds_now);
Answer no_answer(std::string_view reason);
Answer too_long();

// Seconds or an HTTP date, RFC 9110; nothing when it is neither. Never negative.
std::optional<Duration> parse_retry_after(std::string_view text, std::int64_t unix_seconds_now);

// Before attempt number `failures` + 1. Without a Retry-After it doubles from 100 ms to 5 s and is
// then cut by up to a half; with one it is at least that long (but five minutes at most) and up to
// a quarter longer. `jitter` from 0 to 1 keeps many clients from coming back at the same moment.
Duration pause_before_retry(unsigned failures, std::optional<Duration> retry_after, double jitter);

}  // namespace exchange::push
