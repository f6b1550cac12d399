#include "record/submission.hpp"

#include <cstdint>
#include <cstdlib>

// libFuzzer entry: any bytes get a verdict that keeps the promises of the header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace exchange::record;
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    for (const Api api : {Api::v1, Api::v2}) {
        const ParseResult result = parse_submission(api, body);
        if (const auto* const submission = std::get_if<Submission>(&result)) {
            if (!valid_source(submission->source)) std::abort();
            if ((api == Api::v2) == submission->schema_hint.empty()) std::abort();
            continue;
        }
        const auto& violations = std::get<std::vector<Violation>>(result);
        if (violations.empty() || violations.size() > 100) std::abort();
        for (const Violation& violation : violations)
            if (violation.code.empty() || violation.text.empty()) std::abort();
    }
    return 0;
}
