#pragma once

#include "ingest/ingest_metrics.hpp"
#include "ingest/refusal_log.hpp"
#include "net/server.hpp"

// Errors that the HTTP server finds by itself, in the problem format, and told to the log where
// they are ours. A request for a path of ingest counts there, and so does one whose path was never
// read: most of those that there is no room for would have been ingest's.
namespace exchange::app {

// Both must outlive the result.
net::ErrorRenderer make_error_renderer(ingest::RefusalLog& refusals,
                                       ingest::IngestMetrics& metrics);

}  // namespace exchange::app
