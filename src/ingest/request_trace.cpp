#include "ingest/request_trace.hpp"

#include "base/time.hpp"

namespace exchange::ingest {

RequestTrace::RequestTrace(obs::Tracer& tracer, std::string_view path, std::string_view traceparent)
    : tracer_{tracer}, span_{tracer.begin(traceparent)}
{
    if (!span_) return;
    span_->kind = obs::SpanKind::server;
    span_->name.append("POST ").append(path);
    span_->began_us = unix_us_now();
    span_->attributes.push_back({"http.request.method", "POST"});
    span_->attributes.push_back({"http.route", std::string{path}});
    traceparent_ = render_traceparent(span_->context);
}

RequestTrace::~RequestTrace()
{
    if (span_) end(500);
}

void RequestTrace::follow(Incoming& incoming)
{
    if (!span_) return;
    span_->attributes.push_back({"exchange.source", std::string{incoming.source}});
    incoming.traceparent = traceparent_;
    incoming.commit = &commit_;
}

void RequestTrace::know(const outbox::AppendAnswer& answer)
{
    if (!span_) return;
    span_->attributes.push_back({"exchange.record_id", to_string(answer.record_id.value)});
}

void RequestTrace::end(unsigned status)
{
    if (!span_) return;
    end_commit(*span_);
    span_->attributes.push_back({"http.response.status_code", std::int64_t{status}});
    span_->failed = status >= 500;
    span_->ended_us = unix_us_now();
    tracer_.end(std::move(*span_));
    span_.reset();
}

void RequestTrace::end_commit(const obs::Span& request)
{
    if (commit_.began_us == 0) return;
    obs::Span commit = tracer_.begin_child(request);
    commit.kind = obs::SpanKind::client;
    commit.name = "commit group";
    commit.began_us = commit_.began_us;
    commit.ended_us = commit_.ended_us;
    commit.failed = commit_.failed;
    commit.attributes.push_back({"db.system.name", "postgresql"});
    commit.attributes.push_back({"exchange.lane", std::int64_t{number(commit_.lane)}});
    commit.attributes.push_back({"exchange.group_rows", static_cast<std::int64_t>(commit_.rows)});
    tracer_.end(std::move(commit));
}

}  // namespace exchange::ingest
