#pragma once

#include "auth/authenticator.hpp"
#include "ingest/group_commit.hpp"
#include "ingest/large_body.hpp"
#include "ingest/quota.hpp"
#include "ingest/refusal_log.hpp"
#include "net/server.hpp"
#include "obs/tracer.hpp"
#include "record/submission.hpp"

#include <functional>
#include <vector>

// POST /v1/ingest and POST /v2/ingest (contracts/openapi.yaml).
namespace exchange::ingest {

struct IngestConfig {
    std::size_t body_bytes_max = 10 * 1024 * 1024;
    // Seconds after which a refused client should try again.
    int retry_after_s = 1;
    // The same while intake is paused, which lasts longer.
    int paused_retry_after_s = 5;
    // How long a large body may wait to be read before its request is refused, unstored.
    Duration large_body_timeout = std::chrono::seconds{5};
};

// What the routes work with; all must outlive the server.
struct IngestParts {
    const auth::Authenticator& authenticator;
    // False until Postgres has been reached once: every request is then answered 503.
    std::function<bool()> ready;
    // The committer of a record's lane; called only when ready.
    std::function<GroupCommit&(std::string_view source, std::string_view key)> committer;
    // Names the limit for which new records are refused at the moment; empty while they are taken.
    std::function<std::string_view()> paused_by;
    Quota& quota;
    // Reads large bodies (ingest/large_body.hpp).
    BlockingPool& large_bodies;
    IngestMetrics& metrics;
    RefusalLog& refusals;
    obs::Log& log;
    // Null: no traces.
    obs::Tracer* tracer = nullptr;
};

// Whether a request for this path is counted as ingest's even where the server answers it alone.
bool is_ingest_path(std::string_view path);

std::vector<net::Route> make_routes(IngestParts parts, IngestConfig config);

}  // namespace exchange::ingest
