#include "obs/tracer.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace exchange::obs {
namespace {

// The last 8 bytes of a trace id are random in every scheme in use. 63 bits of them are compared,
// as the OpenTelemetry SDKs do, so that a share means the same traces here and there.
std::uint64_t random_part(const TraceId& trace)
{
    std::uint64_t value = 0;
    for (std::size_t at = 8; at < trace.size(); ++at) value = value << 8 | trace[at];
    return value >> 1;
}

}  // namespace

bool Sampler::samples(const std::optional<TraceContext>& parent, const TraceId& trace) const
{
    if (parent_based && parent) return parent->sampled;
    if (share >= 1) return true;
    if (share <= 0) return false;
    return random_part(trace) < static_cast<std::uint64_t>(std::ldexp(share, 63));
}

Tracer::Tracer(Sampler sampler, std::unique_ptr<Random> random, Metrics& metrics,
               std::size_t spans_max)
    : sampler_{sampler},
      spans_max_{spans_max},
      dropped_{dropped_spans(metrics, "queue_full")},
      random_{std::move(random)}
{
}

std::optional<Span> Tracer::begin(std::string_view traceparent)
{
    return begin(parse_traceparent(traceparent));
}

std::optional<Span> Tracer::go_on(std::string_view traceparent)
{
    const std::optional<TraceContext> parent = parse_traceparent(traceparent);
    return parent ? begin(parent) : std::nullopt;
}

std::optional<Span> Tracer::begin(const std::optional<TraceContext>& parent)
{
    Span span;
    const std::lock_guard lock{mutex_};
    if (parent) span.context.trace = parent->trace;
    else random_->fill(span.context.trace);
    if (!sampler_.samples(parent, span.context.trace)) return std::nullopt;
    random_->fill(span.context.span);
    span.context.sampled = true;
    if (parent) span.parent = parent->span;
    return span;
}

Span Tracer::begin_child(const Span& parent)
{
    Span span;
    span.context = parent.context;
    span.parent = parent.context.span;
    const std::lock_guard lock{mutex_};
    random_->fill(span.context.span);
    return span;
}

void Tracer::end(Span span)
{
    {
        const std::lock_guard lock{mutex_};
        if (ended_.size() < spans_max_) {
            ended_.push_back(std::move(span));
            return;
        }
    }
    dropped_.add();
}

std::vector<Span> Tracer::take(std::size_t most)
{
    std::vector<Span> taken;
    const std::lock_guard lock{mutex_};
    const auto end = ended_.begin() + static_cast<std::ptrdiff_t>(std::min(most, ended_.size()));
    taken.assign(std::move_iterator{ended_.begin()}, std::move_iterator{end});
    ended_.erase(ended_.begin(), end);
    return taken;
}

Counter dropped_spans(Metrics& metrics, const char* reason)
{
    return metrics.counter("exchange_traces_dropped_spans_total",
                           "Spans of sampled requests that were not exported, by why",
                           {{"reason", reason}});
}

}  // namespace exchange::obs
