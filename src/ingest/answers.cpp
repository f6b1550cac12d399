#include "ingest/answers.hpp"

#include <fmt/format.h>

namespace exchange::ingest {

using record::ProblemCode;

net::Response problem_response(const record::Problem& problem)
{
    net::Response response;
    response.status = record::kind_of(problem.code).status;
    response.content_type = record::problem_media_type;
    response.body = record::render_problem(problem);
    if (!problem.correlation_id.empty())
        response.headers.emplace_back("X-Correlation-Id", problem.correlation_id);
    if (response.status == 401)
        response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"exchange\"");
    return response;
}

namespace {

net::Response later(const record::Problem& problem, int retry_after_s)
{
    net::Response response = problem_response(problem);
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
    return response;
}

}  // namespace

net::Response retry_later(ProblemCode code, std::string_view correlation_id, int retry_after_s)
{
    record::Problem problem;
    problem.code = code;
    problem.correlation_id = correlation_id;
    return later(problem, retry_after_s);
}

net::Response intake_paused(std::string_view limit, std::string_view correlation_id,
                            int retry_after_s)
{
    const std::string detail =
        fmt::format("New records are not taken at the moment: limit {} is passed", limit);
    record::Problem problem;
    problem.code = ProblemCode::intake_paused;
    problem.detail = detail;
    problem.correlation_id = correlation_id;
    return later(problem, retry_after_s);
}

net::Response over_quota(Duration wait, std::string_view correlation_id)
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return retry_later(ProblemCode::rate_limited, correlation_id, static_cast<int>(seconds));
}

net::Response accepted_response(const outbox::AppendAnswer& answer)
{
    net::Response response;
    response.status = 202;
    // Visible ASCII by rule, so these two are all that JSON would not take as they are.
    std::string correlation;
    for (const char c : answer.correlation_id) {
        if (c == '"' || c == '\\') correlation.push_back('\\');
        correlation.push_back(c);
    }
    response.body = fmt::format("{{\"record_id\":\"{}\",\"correlation_id\":\"{}\"}}",
                                to_string(answer.record_id.value), correlation);
    response.headers.emplace_back("X-Correlation-Id", answer.correlation_id);
    if (answer.outcome == outbox::AppendOutcome::repeated)
        response.headers.emplace_back("Idempotent-Replayed", "true");
    return response;
}

ProblemCode problem_of(Failure failure)
{
    switch (failure) {
    case Failure::paused:
        return ProblemCode::intake_paused;
    case Failure::queue_full:
    case Failure::waited_too_long:
        return ProblemCode::overloaded;
    case Failure::unavailable:
        return ProblemCode::postgres_unavailable;
    case Failure::unknown:
        return ProblemCode::commit_unknown;
    case Failure::refused:
        return ProblemCode::internal;
    case Failure::layout_changed:
    case Failure::stopping:
        return ProblemCode::shutting_down;
    }
    return ProblemCode::internal;
}

}  // namespace exchange::ingest
