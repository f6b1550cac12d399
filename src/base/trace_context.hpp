#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// W3C Trace Context, version 00: the header `traceparent`. `tracestate` is not carried.
namespace exchange {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

struct TraceContext {
    TraceId trace{};
    SpanId span{};
    bool sampled = false;
    bool operator==(const TraceContext&) const = default;
};

// Nothing when it is malformed, or of another version.
std::optional<TraceContext> parse_traceparent(std::string_view value);

std::string render_traceparent(const TraceContext& context);

}  // namespace exchange
