#include "record/problem.hpp"

#include "record/json_text.hpp"

#include <algorithm>

namespace exchange::record {
namespace {

static_assert(std::ranges::all_of(problem_kinds, [](const ProblemKind& kind) {
    return &kind_of(kind.id) == &kind;
}));

void append_text(std::string& out, std::string_view member, std::string_view text)
{
    out += member;
    append_json_string(out, text);
}

std::string one_line(std::string_view text)
{
    std::string line{text};
    std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return line;
}

void append_violations(std::string& out, std::span<const Violation> violations)
{
    out += R"(,"errors":[)";
    for (const Violation& violation : violations) {
        if (&violation != &violations.front()) out += ',';
        append_text(out, R"({"pointer":)", violation.pointer);
        append_text(out, R"(,"code":)", violation.code);
        append_text(out, R"(,"detail":)", violation.text);
        out += '}';
    }
    out += ']';
}

}  // namespace

const ProblemKind* find_problem(std::string_view code)
{
    const auto* found = std::ranges::find(problem_kinds, code, &ProblemKind::code);
    return found == problem_kinds.end() ? nullptr : found;
}

std::string render_problem(const Problem& problem)
{
    const ProblemKind& kind = kind_of(problem.code);
    const std::string_view detail = problem.detail.empty() ? kind.title : problem.detail;
    std::string out;
    out.reserve(256 + 2 * detail.size() + 160 * problem.violations.size());
    out += R"({"type":"urn:exchange:problem:)";
    out += kind.code;
    append_text(out, R"(","title":)", kind.title);
    out += R"(,"status":)" + std::to_string(kind.status);
    append_text(out, R"(,"code":)", kind.code);
    append_text(out, R"(,"detail":)", detail);
    append_text(out, R"(,"error":)", one_line(detail));
    if (!problem.correlation_id.empty())
        append_text(out, R"(,"correlation_id":)", problem.correlation_id);
    if (!problem.violations.empty()) append_violations(out, problem.violations);
    out += '}';
    return out;
}

}  // namespace exchange::record
