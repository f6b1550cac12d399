#include "record/submission.hpp"

#include "record/submission_reader.hpp"

#include <boost/json/basic_parser_impl.hpp>

namespace exchange::record {
namespace {

namespace json = boost::json;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

json::parse_options strict()
{
    json::parse_options options;
    options.max_depth = depth_max;
    return options;
}

Rule rule_of(const json::error_code& error, bool at_end)
{
    if (at_end) return Rule::json_incomplete;
    if (error == json::error::too_deep) return Rule::nesting_too_deep;
    if (error == json::error::exponent_overflow) return Rule::number_out_of_range;
    return Rule::json_invalid;
}

}  // namespace

ParseResult parse_submission(Api api, std::string_view body)
{
    json::basic_parser<SubmissionReader> parser{strict(), api};
    SubmissionReader& reader = parser.handler();
    std::size_t start = 0;
    if (body.starts_with(byte_order_mark)) {
        reader.refuse_body(Rule::byte_order_mark, 0);
        start = byte_order_mark.size();
    }
    if (body.find_first_not_of(" \t\r\n", start) == std::string_view::npos) {
        reader.refuse_body(Rule::body_empty, body.size());
        return reader.take_violations();
    }
    json::error_code error;
    const std::size_t read =
        start + parser.write_some(false, body.data() + start, body.size() - start, error);
    // Of the errors only the reader's own is in the generic category: it has seen enough.
    if (error && error != boost::system::errc::operation_canceled)
        reader.refuse_body(rule_of(error, read == body.size()), read);
    else if (!error && read < body.size()) reader.refuse_body(Rule::trailing_data, read);
    auto violations = reader.take_violations();
    if (!violations.empty()) return violations;
    return reader.submission();
}

}  // namespace exchange::record
