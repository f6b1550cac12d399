#include "ingest/routes.hpp"

#include "crypto/digest.hpp"
#include "ingest/answers.hpp"
#include "ingest/request_trace.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace exchange::ingest {

namespace asio = boost::asio;

namespace {

using record::ProblemCode;

constexpr std::string_view ingest_scope = "ingest";
constexpr std::string_view trace_header = "traceparent";

constexpr std::array<const char*, 2> paths{"/v1/ingest", "/v2/ingest"};

// One endpoint: the rules of the two versions differ only in how a body is read.
class Endpoint {
public:
    Endpoint(record::Api api, const char* path, IngestParts parts, IngestConfig config)
        : api_{api}, path_{path}, parts_{std::move(parts)}, config_{config}
    {
    }

    // What can be told from the header alone is told before the body is read.
    std::optional<net::Response> precheck(const net::RequestHead& head) const
    {
        std::optional<net::Response> refusal = refusal_by_head(head);
        if (refusal && parts_.tracer != nullptr)
            RequestTrace{*parts_.tracer, path_, head.header(trace_header)}.end(refusal->status);
        return refusal;
    }

    // Without traces no coroutine is put in between.
    asio::awaitable<net::Response> handle(const net::RequestHead& head, std::string body)
    {
        if (parts_.tracer == nullptr) return take(head, std::move(body), nullptr);
        return take_traced(head, std::move(body));
    }

private:
    asio::awaitable<net::Response> take_traced(const net::RequestHead& head, std::string body)
    {
        RequestTrace trace{*parts_.tracer, path_, head.header(trace_header)};
        net::Response response = co_await take(head, std::move(body), &trace);
        trace.end(response.status);
        co_return response;
    }

    std::optional<net::Response> refusal_by_head(const net::RequestHead& head) const
    {
        const std::string_view correlation_id = head.header("X-Correlation-Id");
        if (head.header_count("X-Correlation-Id") > 0 &&
            (head.header_count("X-Correlation-Id") > 1 ||
             !record::valid_correlation_id(correlation_id)))
            return refuse(ProblemCode::correlation_id_invalid, {}, {});
        const auth::Verdict verdict = authenticate(head);
        if (const auto* rejection = std::get_if<auth::Rejection>(&verdict))
            return unauthorized(*rejection, correlation_id);
        if (!std::get<auth::Principal>(verdict).has_scope(ingest_scope))
            return refuse(ProblemCode::scope_missing, "the scope \"ingest\" is required",
                          correlation_id);
        const std::size_t keys = head.header_count("Idempotency-Key");
        if (keys == 0) return refuse(ProblemCode::idempotency_key_missing, {}, correlation_id);
        if (keys > 1 || !record::valid_idempotency_key(head.header("Idempotency-Key")))
            return refuse(ProblemCode::idempotency_key_invalid, {}, correlation_id);
        if (!parts_.ready()) return failed(ProblemCode::postgres_unavailable, ingest::ids_of(head));
        return std::nullopt;
    }

    asio::awaitable<net::Response> take(const net::RequestHead& head, std::string body,
                                        RequestTrace* trace)
    {
        std::unique_ptr<LargeBody> large;
        if (body.size() > small_body_max) {
            const TimePoint deadline = SteadyClock::now() + config_.large_body_timeout;
            large = co_await read_large_body(parts_.large_bodies, api_, std::move(body), deadline);
            if (!large) co_return failed(ProblemCode::overloaded, ingest::ids_of(head));
        }
        const record::ParseResult parsed =
            large ? std::move(large->parsed) : record::parse_submission(api_, body);
        const std::string_view correlation_id = head.header("X-Correlation-Id");
        if (const auto* violations = std::get_if<std::vector<record::Violation>>(&parsed))
            co_return invalid(*violations, correlation_id);
        const auto& submission = std::get<record::Submission>(parsed);
        const auth::Verdict caller = authenticate(head);
        // The token was good before the body came, which may be long ago.
        if (const auto* rejection = std::get_if<auth::Rejection>(&caller))
            co_return unauthorized(*rejection, correlation_id);
        if (!std::get<auth::Principal>(caller).may_send_for(submission.source))
            co_return refuse(ProblemCode::source_not_allowed, {}, correlation_id);
        if (const auto wait = parts_.quota.take(submission.source, SteadyClock::now())) {
            parts_.metrics.rate_limited.add();
            co_return over_quota(*wait, correlation_id);
        }
        Incoming incoming = describe(head, submission);
        incoming.body = large ? large->bytes : body;
        incoming.sha256 = large ? large->sha256 : crypto::sha256(body);
        if (trace != nullptr) trace->follow(incoming);
        std::string drawn_correlation_id;
        incoming.drawn_correlation_id = &drawn_correlation_id;
        const std::string_view paused_by = parts_.paused_by();
        incoming.known_only = !paused_by.empty();
        GroupCommit& committer = parts_.committer(submission.source, incoming.key);
        Verdict verdict = co_await committer.append(incoming);
        const auto* appended = std::get_if<outbox::AppendAnswer>(&verdict);
        if (trace != nullptr && appended != nullptr) trace->know(*appended);
        if (const auto* failure = std::get_if<Failure>(&verdict))
            co_return failed(problem_of(*failure), ids_of(incoming), paused_by);
        co_return answer(*appended, incoming);
    }

    net::Response refuse(ProblemCode code, std::string_view detail,
                         std::string_view correlation_id) const
    {
        parts_.metrics.refused(code).add();
        record::Problem problem;
        problem.code = code;
        problem.detail = detail;
        problem.correlation_id = correlation_id;
        return problem_response(problem);
    }

    net::Response unauthorized(const auth::Rejection& rejection,
                               std::string_view correlation_id) const
    {
        const record::ProblemKind* kind = record::find_problem(rejection.code);
        return refuse(kind ? kind->id : ProblemCode::token_invalid, rejection.text, correlation_id);
    }

    net::Response failed(ProblemCode code, const RequestIds& ids,
                         std::string_view paused_by = {}) const
    {
        parts_.refusals.note(code, ids);
        if (code == ProblemCode::internal) return refuse(code, {}, ids.correlation_id);
        parts_.metrics.refused(code).add();
        if (code == ProblemCode::intake_paused)
            return intake_paused(paused_by, ids.correlation_id, config_.paused_retry_after_s);
        return retry_later(code, ids.correlation_id, config_.retry_after_s);
    }

    auth::Verdict authenticate(const net::RequestHead& head) const
    {
        return parts_.authenticator.authenticate(head.header("Authorization"),
                                                 head.peer_is_loopback());
    }

    net::Response invalid(const std::vector<record::Violation>& violations,
                          std::string_view correlation_id) const
    {
        parts_.metrics.invalid.add();
        record::Problem problem;
        problem.code = ProblemCode::body_invalid;
        problem.correlation_id = correlation_id;
        problem.violations = violations;
        return problem_response(problem);
    }

    // All but the body.
    Incoming describe(const net::RequestHead& head, const record::Submission& submission) const
    {
        Incoming incoming;
        incoming.source = submission.source;
        incoming.key = head.header("Idempotency-Key");
        incoming.correlation_id = head.header("X-Correlation-Id");
        incoming.kind = record::to_string(submission.kind);
        incoming.schema_hint = submission.schema_hint;
        incoming.api = static_cast<std::int16_t>(api_);
        // W3C: a malformed traceparent is ignored, not refused.
        const std::string_view trace = head.header(trace_header);
        if (record::valid_traceparent(trace)) incoming.traceparent = trace;
        return incoming;
    }

    // After its append: the id that was drawn is the request's own.
    static RequestIds ids_of(const Incoming& incoming)
    {
        const std::string_view sent = incoming.correlation_id;
        return {sent.empty() ? std::string_view{*incoming.drawn_correlation_id} : sent,
                trace_id_of(incoming.traceparent)};
    }

    net::Response answer(const outbox::AppendAnswer& appended, const Incoming& incoming)
    {
        switch (appended.outcome) {
        case outbox::AppendOutcome::accepted:
            parts_.metrics.accepted.add();
            parts_.metrics.accepted_bytes.add(static_cast<double>(incoming.body.size()));
            parts_.metrics.sources.accepted(incoming.source, unix_ms_now());
            break;
        case outbox::AppendOutcome::repeated:
            parts_.metrics.repeated.add();
            break;
        case outbox::AppendOutcome::conflicting:
            return refuse(ProblemCode::idempotency_conflict, {}, incoming.correlation_id);
        }
        if (parts_.log.writes(obs::LogLevel::debug))
            parts_.log.debug("record_taken", {{"record_id", to_string(appended.record_id.value)},
                                              {"correlation_id", appended.correlation_id},
                                              {"trace_id", trace_id_of(incoming.traceparent)}});
        return accepted_response(appended);
    }

    record::Api api_;
    const char* path_;
    IngestParts parts_;
    IngestConfig config_;
};

net::Route make_route(record::Api api, const char* path, const IngestParts& parts,
                      const IngestConfig& config)
{
    auto endpoint = std::make_shared<Endpoint>(api, path, parts, config);
    net::Route route;
    route.method = "POST";
    route.path = path;
    route.body_bytes_max = config.body_bytes_max;
    route.content_type = "application/json";
    route.precheck = [endpoint](const net::RequestHead& head) { return endpoint->precheck(head); };
    // A plain function that starts a member coroutine: the route's copy keeps the endpoint alive.
    route.handle = [endpoint](const net::RequestHead& head, std::string body) {
        return endpoint->handle(head, std::move(body));
    };
    return route;
}

}  // namespace

bool is_ingest_path(std::string_view path)
{
    return std::ranges::any_of(paths, [&](const char* ours) { return path == ours; });
}

std::vector<net::Route> make_routes(IngestParts parts, IngestConfig config)
{
    std::vector<net::Route> routes;
    routes.push_back(make_route(record::Api::v1, paths[0], parts, config));
    routes.push_back(make_route(record::Api::v2, paths[1], parts, config));
    return routes;
}

}  // namespace exchange::ingest
