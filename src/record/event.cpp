#include "record/event.hpp"

#include "record/json_text.hpp"

#include <chrono>
#include <fmt/format.h>
#include <iterator>

namespace exchange::record {
namespace {

void append_text(std::string& out, std::string_view member, std::string_view text)
{
    out += member;
    append_json_string(out, text);
}

void append_number(std::string& out, std::string_view member, std::uint64_t value)
{
    fmt::format_to(std::back_inserter(out), "{}{}", member, value);
}

void append_raw_object(std::string& out, const RawObject& raw)
{
    append_text(out, R"(,"raw_object":{"bucket":)", raw.bucket);
    append_text(out, R"(,"key":)", raw.key);
    append_number(out, R"(,"offset":)", raw.offset);
    append_number(out, R"(,"length":)", raw.length);
    append_text(out, R"(,"sha256":)", raw.sha256_hex);
    // The same by contract: bytes are stored as received.
    append_number(out, R"(,"size_bytes":)", raw.length);
    out += '}';
}

}  // namespace

std::string_view topic(Api api)
{
    return api == Api::v1 ? "record.ingested.v1" : "record.ingested.v2";
}

std::string render_value(const RecordIngested& event)
{
    std::string out;
    out.reserve(512 + event.correlation_id.size() + event.source.size() + event.raw.key.size());
    append_number(out, R"({"event_version":)", event.api == Api::v1 ? 1 : 2);
    append_text(out, R"(,"event_type":)", "record.ingested");
    append_text(out, R"(,"event_id":)", to_string(event.event_id));
    append_text(out, R"(,"occurred_at":)", render_time(event.occurred_at_us));
    append_text(out, R"(,"correlation_id":)", event.correlation_id);
    append_text(out, R"(,"source":)", event.source);
    append_text(out, R"(,"record_id":)", to_string(event.record_id.value));
    if (event.api == Api::v2) {
        append_text(out, R"(,"record_kind":)", event.kind);
        append_text(out, R"(,"schema_hint":)", event.schema_hint);
    }
    append_raw_object(out, event.raw);
    out += '}';
    return out;
}

std::vector<std::pair<std::string, std::string>> render_headers(const RecordIngested& event)
{
    std::vector<std::pair<std::string, std::string>> headers;
    // The relay adds four of its own.
    headers.reserve(12);
    headers.emplace_back("ce_specversion", "1.0");
    headers.emplace_back("ce_id", to_string(event.event_id));
    headers.emplace_back("ce_source", fmt::format("/exchange/sources/{}", event.source));
    headers.emplace_back("ce_type", topic(event.api));
    headers.emplace_back("ce_time", render_time(event.occurred_at_us));
    headers.emplace_back("ce_subject", to_string(event.record_id.value));
    headers.emplace_back("content-type", "application/json");
    if (!event.traceparent.empty()) headers.emplace_back("traceparent", event.traceparent);
    return headers;
}

std::string render_time(std::int64_t unix_us)
{
    using namespace std::chrono;
    const sys_time<microseconds> moment{microseconds{unix_us}};
    const auto midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss time{moment - midnight};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

}  // namespace exchange::record
