#pragma once

#include "ingest/group_commit.hpp"
#include "obs/tracer.hpp"

#include <optional>
#include <string>
#include <string_view>

// The spans of one request: itself, and the commit of the group that its record went with. Where
// the request is not sampled there are none, and the caller's traceparent goes on as it came.
namespace exchange::ingest {

class RequestTrace {
public:
    // `path` must outlive this. Begins now.
    RequestTrace(obs::Tracer& tracer, std::string_view path, std::string_view traceparent);
    // A request that was not ended has thrown.
    ~RequestTrace();
    RequestTrace(const RequestTrace&) = delete;
    RequestTrace& operator=(const RequestTrace&) = delete;

    // Puts what the trace needs to know into `incoming`; this must outlive its append.
    void follow(Incoming& incoming);
    void know(const outbox::AppendAnswer& answer);
    void end(unsigned status);

private:
    void end_commit(const obs::Span& request);

    obs::Tracer& tracer_;
    std::optional<obs::Span> span_;
    std::string traceparent_;
    CommitNote commit_;
};

}  // namespace exchange::ingest
