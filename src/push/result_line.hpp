#pragma once

#include "push/answer.hpp"
#include "push/line_splitter.hpp"

#include <optional>
#include <string>
#include <string_view>

// The lines of a results file, NDJSON. The first says what was pushed to; each further one what
// became of one line of the input. No value of a body is ever among them. Pure.
namespace exchange::push {

struct ResultsHeader {
    // The URL that was posted to, path included.
    std::string target;
    std::string key_prefix;
    bool operator==(const ResultsHeader&) const = default;
};

// {"push":{"target":"http://…/v1/ingest","key_prefix":"push"}}
std::string render_header(const ResultsHeader& header);
std::optional<ResultsHeader> parse_header(std::string_view text);

// {"file":"a.ndjson","line":7,"key":"push-…","status":202,"record_id":"…","replayed":false} or
// {"file":"a.ndjson","line":8,"key":"push-…","status":400,"code":"…","errors":[{"pointer":"…",
// "code":"…"}]}
std::string render_result(std::string_view file, const Line& line, std::string_view key,
                          const Answer& answer);

struct PastResult {
    std::string key;
    unsigned status = 0;
};
std::optional<PastResult> parse_result(std::string_view text);

}  // namespace exchange::push
