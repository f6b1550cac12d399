#pragma once

#include "record/submission.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

// Error answers as application/problem+json (RFC 9457). One table says which there are; everything
// that answers over HTTP picks from it, and contracts/openapi.yaml lists the same codes.
//
// Pure. What is rendered is only what the caller passes: pass no value from a body.
namespace exchange::record {

enum class ProblemCode : std::uint8_t {
    malformed_request,
    idempotency_key_missing,
    idempotency_key_invalid,
    correlation_id_invalid,
    body_invalid,
    token_missing,
    token_malformed,
    token_invalid,
    token_expired,
    token_not_yet_valid,
    token_not_trusted,
    source_not_allowed,
    scope_missing,
    not_found,
    method_not_allowed,
    request_timeout,
    idempotency_conflict,
    payload_too_large,
    media_type_unsupported,
    expectation_failed,
    rate_limited,
    header_too_large,
    internal,
    overloaded,
    intake_paused,
    postgres_unavailable,
    commit_unknown,
    shutting_down,
};

struct ProblemKind {
    ProblemCode id;
    std::string_view code;
    unsigned status;
    std::string_view title;
};

inline constexpr std::array<ProblemKind, 28> problem_kinds{{
    {ProblemCode::malformed_request, "malformed_request", 400, "The request is not valid HTTP/1.1"},
    {ProblemCode::idempotency_key_missing, "idempotency_key_missing", 400,
     "The Idempotency-Key header is missing"},
    {ProblemCode::idempotency_key_invalid, "idempotency_key_invalid", 400,
     "The Idempotency-Key header must be 8 to 255 visible ASCII characters, sent once"},
    {ProblemCode::correlation_id_invalid, "correlation_id_invalid", 400,
     "The X-Correlation-Id header must be 8 to 128 visible ASCII characters, sent once"},
    {ProblemCode::body_invalid, "body_invalid", 400, "The body does not follow the contract"},
    {ProblemCode::token_missing, "token_missing", 401, "A bearer token is required"},
    {ProblemCode::token_malformed, "token_malformed", 401, "The Authorization header is malformed"},
    {ProblemCode::token_invalid, "token_invalid", 401, "The token's claims are not acceptable"},
    {ProblemCode::token_expired, "token_expired", 401, "The token has expired"},
    {ProblemCode::token_not_yet_valid, "token_not_yet_valid", 401, "The token is not valid yet"},
    {ProblemCode::token_not_trusted, "token_not_trusted", 401, "The token is not trusted here"},
    {ProblemCode::source_not_allowed, "source_not_allowed", 403,
     "The token does not allow sending for this source"},
    {ProblemCode::scope_missing, "scope_missing", 403, "The token lacks a scope"},
    {ProblemCode::not_found, "not_found", 404, "There is nothing at this path"},
    {ProblemCode::method_not_allowed, "method_not_allowed", 405,
     "This path does not answer to this method"},
    {ProblemCode::request_timeout, "request_timeout", 408, "The request took too long to arrive"},
    {ProblemCode::idempotency_conflict, "idempotency_conflict", 409,
     "The Idempotency-Key was used with another body"},
    {ProblemCode::payload_too_large, "payload_too_large", 413, "The body is too large"},
    {ProblemCode::media_type_unsupported, "media_type_unsupported", 415,
     "The body must be sent as application/json"},
    {ProblemCode::expectation_failed, "expectation_failed", 417,
     "Only 100-continue can be expected"},
    {ProblemCode::rate_limited, "rate_limited", 429, "Too many requests; repeat later"},
    {ProblemCode::header_too_large, "header_too_large", 431, "The header fields are too large"},
    {ProblemCode::internal, "internal", 500, "The exchange failed; the log has the cause"},
    {ProblemCode::overloaded, "overloaded", 503, "The exchange is at its limit; repeat later"},
    {ProblemCode::intake_paused, "intake_paused", 503,
     "New records are not taken at the moment; repeat later"},
    {ProblemCode::postgres_unavailable, "postgres_unavailable", 503,
     "Postgres is away; repeat with the same key"},
    {ProblemCode::commit_unknown, "commit_unknown", 503,
     "It is not known whether the record was taken; repeat with the same key"},
    {ProblemCode::shutting_down, "shutting_down", 503,
     "This process is stopping; repeat with the same key"},
}};

constexpr const ProblemKind& kind_of(ProblemCode code)
{
    return problem_kinds[static_cast<std::size_t>(code)];
}

// For those who carry the code as text (auth::Rejection); null when no kind has that code.
const ProblemKind* find_problem(std::string_view code);

struct Problem {
    ProblemCode code = ProblemCode::internal;
    // More than the title says, one line; may be empty.
    std::string_view detail{};
    // Empty while none is known.
    std::string_view correlation_id{};
    std::span<const Violation> violations{};
};

inline constexpr std::string_view problem_media_type = "application/problem+json";

// Members: type, title, status, code, detail, error, [correlation_id,] [errors]. `error` is for
// clients that only look there: one line, the detail if there is one, else the title.
std::string render_problem(const Problem& problem);

}  // namespace exchange::record
