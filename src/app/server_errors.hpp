#pragma once

#include "ingest/refusal_log.hpp"
#include "net/server.hpp"

// Errors that the HTTP server finds by itself, in the problem format, and told to the log where
// they are ours.
namespace exchange::app {

// `refusals` must outlive the result.
net::ErrorRenderer make_error_renderer(ingest::RefusalLog& refusals);

}  // namespace exchange::app
