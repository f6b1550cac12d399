#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// What a source may send, checked strictly and in one pass (rules.hpp lists each code).
//
// Pure. Identity in the body is validated where it stands and never copied out: a `Submission`
// holds none of it, and a `Violation` never holds a value from the body, only where and which rule.
namespace exchange::record {

enum class Api : std::int16_t { v1 = 1, v2 = 2 };
enum class Kind { encounter, claim, lab_result };

std::string_view to_string(Kind kind);

struct Submission {
    std::string source;
    Kind kind = Kind::encounter;
    // v2 only: a known mapping, e.g. partnerA.v1; empty for v1.
    std::string schema_hint;
};

struct Violation {
    // JSON Pointer (RFC 6901) to the offending member; empty: the whole body. Member names that the
    // contract does not know are shown as "*": a name can carry identity too.
    std::string pointer;
    // Stable, machine-readable, e.g. member_missing, member_unknown, date_invalid.
    std::string code;
    // One line for people: what was expected.
    std::string text;
};

using ParseResult = std::variant<Submission, std::vector<Violation>>;

// `body` is the request body as received. All violations are reported at once (at most 100); text
// that is not JSON at all is one violation.
ParseResult parse_submission(Api api, std::string_view body);

// Header rules (design: HTTP contract).
bool valid_idempotency_key(std::string_view key);  // 8–255 visible ASCII characters
bool valid_correlation_id(std::string_view id);    // 8–128 visible ASCII characters
bool valid_traceparent(std::string_view value);    // W3C Trace Context, version 00
bool valid_source(std::string_view source);        // 1–128 of [A-Za-z0-9._-]

}  // namespace exchange::record
