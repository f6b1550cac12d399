#pragma once

#include "base/random.hpp"
#include "base/trace_context.hpp"
#include "obs/metrics.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// Spans of sampled requests, kept until an exporter takes them (src/otlp). Thread-safe. Nothing
// here waits: when the queue is full a span is dropped and counted.
//
// Who makes spans holds a pointer to a tracer, null where traces are off: then it tests that
// pointer and does nothing else.
namespace exchange::obs {

// As OTLP numbers them.
enum class SpanKind { internal = 1, server = 2, client = 3, producer = 4 };

// Names are constants. Values are ids, sources, topics, lanes, statuses; `Pii` converts to neither.
struct Attribute {
    const char* name;
    std::variant<std::int64_t, std::string> value;
};

struct Span {
    TraceContext context;
    // Zero: it has none.
    SpanId parent{};
    SpanKind kind = SpanKind::internal;
    std::string name;
    // Microseconds since the Unix epoch.
    std::int64_t began_us = 0;
    std::int64_t ended_us = 0;
    std::vector<Attribute> attributes;
    bool failed = false;
};

// Which traces are recorded: OTEL_TRACES_SAMPLER and its argument.
struct Sampler {
    // A caller's decision is followed where there is one.
    bool parent_based = true;
    // Of the others this share, chosen by the trace id, so that all processes choose the same.
    double share = 1;

    bool samples(const std::optional<TraceContext>& parent, const TraceId& trace) const;
};

class Tracer {
public:
    // A span takes some hundred bytes while it waits.
    static constexpr std::size_t queue_max = 8192;

    Tracer(Sampler sampler, std::unique_ptr<Random> random, Metrics& metrics,
           std::size_t spans_max = queue_max);

    // Of a request whose caller sent this `traceparent`; it begins a trace where that is empty or
    // malformed. Nothing when it is not sampled.
    std::optional<Span> begin(std::string_view traceparent);
    // The same, but a trace is not begun.
    std::optional<Span> go_on(std::string_view traceparent);
    Span begin_child(const Span& parent);

    // For the exporter, unless there is no room.
    void end(Span span);

    std::vector<Span> take(std::size_t most);

private:
    std::optional<Span> begin(const std::optional<TraceContext>& parent);

    Sampler sampler_;
    std::size_t spans_max_;
    Counter dropped_;
    std::mutex mutex_;
    std::unique_ptr<Random> random_;
    std::deque<Span> ended_;
};

// Spans that were ended and will never be exported, by why.
Counter dropped_spans(Metrics& metrics, const char* reason);

}  // namespace exchange::obs
