#pragma once

#include "ingest/group_commit.hpp"
#include "net/http.hpp"
#include "record/problem.hpp"

// What ingest answers, as bytes. Pure.
namespace exchange::ingest {

net::Response problem_response(const record::Problem& problem);

// Every code that asks the client to come back carries Retry-After.
net::Response retry_later(record::ProblemCode code, std::string_view correlation_id,
                          int retry_after_s);

// The same bytes for the first answer and each repeat: they are rendered from what was stored.
net::Response accepted_response(const outbox::AppendAnswer& answer);

// `limit` names what was passed, as in the settings.
net::Response intake_paused(std::string_view limit, std::string_view correlation_id,
                            int retry_after_s);

// Retry-After is rounded up to whole seconds.
net::Response over_quota(Duration wait, std::string_view correlation_id);

record::ProblemCode problem_of(Failure failure);

}  // namespace exchange::ingest
