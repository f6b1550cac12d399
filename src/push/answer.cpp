#include "push/answer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace exchange::push {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto pause_first = milliseconds{100};
constexpr auto pause_max = milliseconds{5000};
constexpr auto retry_after_max = seconds{300};
// Enough to see what is wrong with a line; the exchange itself says no more than a hundred.
constexpr std::size_t field_errors_max = 20;
constexpr std::size_t text_length_max = 256;

// Never cuts a character of UTF-8 in two.
std::string shortened(std::string_view text)
{
    std::size_t length = std::min(text.size(), text_length_max);
    while (length > 0 && length < text.size() && (text[length] & '\xc0') == '\x80') --length;
    return std::string{text.substr(0, length)};
}

std::string text_member(const json::object& object, std::string_view name)
{
    const json::value* member = object.if_contains(name);
    const json::string* text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? shortened(*text) : std::string{};
}

json::object parse_object(std::string_view body)
{
    boost::system::error_code error;
    json::value value = json::parse(body, error);
    json::object* object = error ? nullptr : value.if_object();
    return object != nullptr ? std::move(*object) : json::object{};
}

void read_problem(const json::object& problem, Answer& answer)
{
    if (std::string code = text_member(problem, "code"); !code.empty()) answer.code = code;
    const json::value* errors = problem.if_contains("errors");
    if (errors == nullptr || !errors->is_array()) return;
    for (const json::value& error : errors->get_array()) {
        if (answer.errors.size() == field_errors_max) return;
        if (const json::object* entry = error.if_object())
            answer.errors.push_back({text_member(*entry, "pointer"), text_member(*entry, "code")});
    }
}

Verdict verdict_of(unsigned status)
{
    switch (status) {
    case 401:
    case 403:
        return Verdict::token_refused;
    case 404:
    case 405:
        return Verdict::wrong_server;
    case 408:
    case 429:
        return Verdict::retry;
    default:
        break;
    }
    if (status >= 500) return Verdict::retry;
    return status >= 400 ? Verdict::rejected : Verdict::wrong_server;
}

std::optional<std::int64_t> parse_http_date(std::string_view text)
{
    const std::string date{text};
    std::tm parts{};
    const char* end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&parts));
}

Duration scaled(Duration span, double factor)
{
    return std::chrono::duration_cast<Duration>(span * factor);
}

}  // namespace

Answer judge(const net::ClientResponse& response, std::int64_t unix_seconds_now)
{
    Answer answer;
    answer.status = response.status;
    const json::object body = parse_object(response.body);
    if (response.status == 202) {
        answer.record_id = text_member(body, "record_id");
        answer.replayed = response.header("idempotent-replayed") == "true";
        answer.verdict = answer.record_id.empty() ? Verdict::wrong_server : Verdict::accepted;
        if (answer.record_id.empty()) answer.reason = "202 without a record_id";
        return answer;
    }
    answer.verdict = verdict_of(response.status);
    answer.code = "http_" + std::to_string(response.status);
    read_problem(body, answer);
    answer.retry_after = parse_retry_after(response.header("retry-after"), unix_seconds_now);
    answer.reason = std::to_string(response.status) + ' ' + answer.code;
    return answer;
}

Answer no_answer(std::string_view reason)
{
    Answer answer;
    answer.reason = reason;
    return answer;
}

Answer too_long()
{
    Answer answer;
    answer.verdict = Verdict::rejected;
    answer.status = 413;
    answer.code = "payload_too_large";
    answer.reason = "413 payload_too_large";
    return answer;
}

std::optional<Duration> parse_retry_after(std::string_view text, std::int64_t unix_seconds_now)
{
    std::int64_t amount = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, amount);
    if (text.empty() || error != std::errc{} || stop != end) {
        const std::optional<std::int64_t> moment = parse_http_date(text);
        if (!moment) return std::nullopt;
        amount = *moment - unix_seconds_now;
    }
    // What is longer than a day is cut: the clock could not count it.
    return seconds{std::clamp<std::int64_t>(amount, 0, 86400)};
}

Duration pause_before_retry(unsigned failures, std::optional<Duration> retry_after, double jitter)
{
    if (retry_after && *retry_after > Duration::zero())
        return scaled(std::min<Duration>(*retry_after, retry_after_max), 1 + jitter / 4);
    const unsigned doublings = std::min(std::max(failures, 1u) - 1, 10u);
    const Duration most = std::min<Duration>(pause_first * (1u << doublings), pause_max);
    return scaled(most, 1 - jitter / 2);
}

}  // namespace exchange::push
