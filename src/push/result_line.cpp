#include "push/result_line.hpp"

#include "record/json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace exchange::push {
namespace {

namespace json = boost::json;
using record::append_json_string;

// A file's name may be any bytes.
json::value parse_tolerantly(std::string_view text)
{
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    boost::system::error_code error;
    json::value value = json::parse(text, error, {}, options);
    return error ? json::value{} : value;
}

const json::string* text_member(const json::object& object, std::string_view name)
{
    const json::value* member = object.if_contains(name);
    return member != nullptr ? member->if_string() : nullptr;
}

void append_errors(std::string& out, const std::vector<FieldError>& errors)
{
    out += R"(,"errors":[)";
    for (const FieldError& error : errors) {
        if (&error != &errors.front()) out += ',';
        out += R"({"pointer":)";
        append_json_string(out, error.pointer);
        out += R"(,"code":)";
        append_json_string(out, error.code);
        out += '}';
    }
    out += ']';
}

}  // namespace

std::string render_header(const ResultsHeader& header)
{
    std::string out = R"({"push":{"target":)";
    append_json_string(out, header.target);
    out += R"(,"key_prefix":)";
    append_json_string(out, header.key_prefix);
    return out + "}}\n";
}

std::optional<ResultsHeader> parse_header(std::string_view text)
{
    const json::value value = parse_tolerantly(text);
    const json::object* outer = value.if_object();
    const json::value* push = outer != nullptr ? outer->if_contains("push") : nullptr;
    const json::object* inner = push != nullptr ? push->if_object() : nullptr;
    if (inner == nullptr) return std::nullopt;
    const json::string* target = text_member(*inner, "target");
    const json::string* key_prefix = text_member(*inner, "key_prefix");
    if (target == nullptr || key_prefix == nullptr) return std::nullopt;
    return ResultsHeader{std::string{*target}, std::string{*key_prefix}};
}

std::string render_result(std::string_view file, const Line& line, std::string_view key,
                          const Answer& answer)
{
    std::string out = R"({"file":)";
    append_json_string(out, file);
    out.append(R"(,"line":)").append(std::to_string(line.number));
    out += R"(,"key":)";
    append_json_string(out, key);
    out.append(R"(,"status":)").append(std::to_string(answer.status));
    if (answer.verdict == Verdict::accepted) {
        out += R"(,"record_id":)";
        append_json_string(out, answer.record_id);
        out.append(R"(,"replayed":)").append(answer.replayed ? "true" : "false");
    } else {
        out += R"(,"code":)";
        append_json_string(out, answer.code);
        append_errors(out, answer.errors);
    }
    return out + "}\n";
}

std::optional<PastResult> parse_result(std::string_view text)
{
    const json::value value = parse_tolerantly(text);
    const json::object* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    const json::string* key = text_member(*object, "key");
    const json::value* status = object->if_contains("status");
    if (key == nullptr || status == nullptr || !status->is_int64()) return std::nullopt;
    const std::int64_t number = status->get_int64();
    if (number < 100 || number > 599) return std::nullopt;
    return PastResult{std::string{*key}, static_cast<unsigned>(number)};
}

}  // namespace exchange::push
