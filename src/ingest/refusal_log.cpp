#include "ingest/refusal_log.hpp"

#include "record/submission.hpp"

namespace exchange::ingest {
namespace {

constexpr unsigned refusals_per_s = 1;
// A 500 sends its reader to the log, and there are few of them.
constexpr unsigned failures_per_s = 10;

}  // namespace

std::string_view trace_id_of(std::string_view traceparent)
{
    if (!record::valid_traceparent(traceparent)) return {};
    // 00-<32 digits>-<16 digits>-<2 digits>
    return traceparent.substr(3, 32);
}

RequestIds ids_of(const net::RequestHead& head)
{
    RequestIds ids;
    const std::string_view correlation_id = head.header("X-Correlation-Id");
    if (head.header_count("X-Correlation-Id") == 1 && record::valid_correlation_id(correlation_id))
        ids.correlation_id = correlation_id;
    ids.trace_id = trace_id_of(head.header("traceparent"));
    return ids;
}

void RefusalLog::note(record::ProblemCode code, const RequestIds& ids, std::string_view cause)
{
    const record::ProblemKind& kind = record::kind_of(code);
    if (kind.status < 500) return;
    const bool failed = kind.status == 500;
    obs::LineLimit& limit = limits_.at(static_cast<std::size_t>(code));
    const std::optional<std::uint64_t> left_out =
        limit.admit(SteadyClock::now(), failed ? failures_per_s : refusals_per_s);
    if (!left_out) return;
    const auto write = [&](std::initializer_list<obs::Field> fields) {
        if (failed) log_.error("request_failed", fields);
        else log_.warn("request_failed", fields);
    };
    const obs::Field status{"status", kind.status};
    const obs::Field name{"code", kind.code};
    const obs::Field correlation{"correlation_id", ids.correlation_id};
    const obs::Field trace{"trace_id", ids.trace_id};
    const obs::Field missing{"left_out", *left_out};
    if (cause.empty()) write({status, name, correlation, trace, missing});
    else write({status, name, correlation, trace, missing, {"cause", cause}});
}

}  // namespace exchange::ingest
