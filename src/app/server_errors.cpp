#include "app/server_errors.hpp"

#include "ingest/routes.hpp"

namespace exchange::app {
namespace {

// The server below knows statuses; clients are told the codes of the one table.
record::ProblemCode problem_of_status(unsigned status)
{
    switch (status) {
    case 404:
        return record::ProblemCode::not_found;
    case 405:
        return record::ProblemCode::method_not_allowed;
    case 408:
        return record::ProblemCode::request_timeout;
    case 413:
        return record::ProblemCode::payload_too_large;
    case 415:
        return record::ProblemCode::media_type_unsupported;
    case 417:
        return record::ProblemCode::expectation_failed;
    case 431:
        return record::ProblemCode::header_too_large;
    case 503:
        return record::ProblemCode::overloaded;
    default:
        break;
    }
    return status < 500 ? record::ProblemCode::malformed_request : record::ProblemCode::internal;
}

// A handler that threw is answered 500 without its text: the text is for the log. Empty where
// nothing was thrown.
std::string cause_of_failure()
{
    const std::exception_ptr failure = std::current_exception();
    if (!failure) return {};
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& thrown) {
        return thrown.what();
    } catch (...) {
        return "something that is no exception was thrown";
    }
}

net::Response render(const record::Problem& problem, unsigned status)
{
    net::Response response;
    response.status = status;
    response.content_type = record::problem_media_type;
    response.body = record::render_problem(problem);
    if (!problem.correlation_id.empty())
        response.headers.emplace_back("X-Correlation-Id", problem.correlation_id);
    return response;
}

}  // namespace

net::ErrorRenderer make_error_renderer(ingest::RefusalLog& refusals, ingest::IngestMetrics& metrics)
{
    return [&refusals, &metrics](unsigned status, std::string_view, std::string_view detail,
                                 const net::RequestHead* head) {
        const ingest::RequestIds ids = head ? ingest::ids_of(*head) : ingest::RequestIds{};
        record::Problem problem;
        problem.code = problem_of_status(status);
        problem.detail = detail;
        problem.correlation_id = ids.correlation_id;
        if (!head || ingest::is_ingest_path(head->path())) metrics.refused(problem.code).add();
        refusals.note(problem.code, ids, cause_of_failure());
        return render(problem, status);
    };
}

}  // namespace exchange::app
