#include "outbox/publish_trace.hpp"

#include "base/time.hpp"

#include <algorithm>

namespace exchange::outbox {
namespace {

std::string* traceparent_of(kafka::Message& message)
{
    const auto found = std::ranges::find_if(
        message.headers, [](const auto& header) { return header.first == "traceparent"; });
    return found == message.headers.end() ? nullptr : &found->second;
}

void describe(obs::Span& span, LaneId lane, const kafka::Message& message)
{
    span.kind = obs::SpanKind::producer;
    span.name.append("publish ").append(message.topic);
    span.attributes.push_back({"messaging.system", "kafka"});
    span.attributes.push_back({"messaging.operation.type", "send"});
    span.attributes.push_back({"messaging.destination.name", message.topic});
    span.attributes.push_back(
        {"messaging.destination.partition.id", std::to_string(message.partition)});
    span.attributes.push_back({"exchange.record_id", message.key});
    span.attributes.push_back({"exchange.lane", std::int64_t{number(lane)}});
}

}  // namespace

PublishTrace::PublishTrace(obs::Tracer* tracer, LaneId lane, Batch& batch) : tracer_{tracer}
{
    if (tracer_ == nullptr) return;
    for (std::size_t at = 0; at < batch.outgoing.size(); ++at) {
        kafka::Message& message = batch.outgoing[at].message;
        std::string* header = traceparent_of(message);
        if (header == nullptr) continue;
        std::optional<obs::Span> span = tracer_->go_on(*header);
        if (!span) continue;
        *header = render_traceparent(span->context);
        describe(*span, lane, message);
        begun_.push_back({at, std::move(*span)});
    }
}

PublishTrace::~PublishTrace()
{
    if (left_ && !begun_.empty()) end({}, unix_us_now());
}

void PublishTrace::leave()
{
    left_ = true;
    for (Begun& begun : begun_) begun.span.began_us = unix_us_now();
}

void PublishTrace::end(const std::vector<kafka::Delivery>& deliveries, std::int64_t ended_us)
{
    for (Begun& begun : begun_) {
        obs::Span& span = begun.span;
        span.ended_us = ended_us;
        span.failed = begun.event >= deliveries.size() || deliveries[begun.event].fault;
        if (!span.failed && deliveries[begun.event].offset >= 0)
            span.attributes.push_back({"messaging.kafka.offset", deliveries[begun.event].offset});
        tracer_->end(std::move(span));
    }
    begun_.clear();
}

}  // namespace exchange::outbox
