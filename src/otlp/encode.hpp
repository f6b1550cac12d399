#pragma once

#include "obs/tracer.hpp"

#include <span>
#include <string>

// OTLP 1.x in Protocol Buffers, by hand: the few messages that a span needs. Pure. tests/e2e
// decodes it by the official definitions.
namespace exchange::otlp {

struct Resource {
    std::string service_name;
    std::string service_version;
    // Tells processes apart.
    std::string instance;
};

// The body of POST /v1/traces, an ExportTraceServiceRequest.
std::string encode(const Resource& resource, std::span<const obs::Span> spans);

}  // namespace exchange::otlp
