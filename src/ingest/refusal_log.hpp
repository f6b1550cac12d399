#pragma once

#include "net/http.hpp"
#include "obs/line_limit.hpp"
#include "obs/log.hpp"
#include "record/problem.hpp"

#include <array>
#include <string_view>

// Failures as the log has them: a line for each answer of 500 and above, by which operators find
// the request that a client complains of. An outage refuses thousands of requests a second, so only
// the first few of each problem code and second are written, and how many were left out.
namespace exchange::ingest {

// What names a request in logs, each checked against its form and empty while there is none.
// Nothing else that a client sends goes into the log.
struct RequestIds {
    std::string_view correlation_id = "";
    std::string_view trace_id = "";
};

// Views of the head.
RequestIds ids_of(const net::RequestHead& head);

// A view of it; empty where it is malformed.
std::string_view trace_id_of(std::string_view traceparent);

// From any thread.
class RefusalLog {
public:
    explicit RefusalLog(obs::Log& log) : log_{log} {}

    // Nothing for codes below 500. `cause` is what was thrown, or empty.
    void note(record::ProblemCode code, const RequestIds& ids, std::string_view cause = {});

private:
    obs::Log& log_;
    std::array<obs::LineLimit, record::problem_kinds.size()> limits_;
};

}  // namespace exchange::ingest
