#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Every rule a submission can break, with its stable code and the sentence people read. One table;
// contracts/schemas/problem.json lists the same codes.
namespace exchange::record {

enum class Rule : std::uint8_t {
    body_empty,
    byte_order_mark,
    json_invalid,
    json_incomplete,
    trailing_data,
    nesting_too_deep,
    number_out_of_range,
    nul_character,
    member_duplicate,
    member_unknown,
    member_missing,
    object_expected,
    string_expected,
    source_invalid,
    kind_unknown,
    schema_hint_unknown,
    name_invalid,
    date_invalid,
    ssn_invalid,
};

struct RuleText {
    Rule rule;
    std::string_view code;
    std::string_view text;
};

inline constexpr std::array<RuleText, 19> rule_texts{{
    {Rule::body_empty, "body_empty", "the body is empty; a JSON object is expected"},
    {Rule::byte_order_mark, "byte_order_mark", "the body must not start with a byte order mark"},
    {Rule::json_invalid, "json_invalid", "not JSON in UTF-8 (RFC 8259)"},
    {Rule::json_incomplete, "json_incomplete", "the JSON text ends too early"},
    {Rule::trailing_data, "trailing_data", "nothing may follow the JSON object"},
    {Rule::nesting_too_deep, "nesting_too_deep",
     "objects and arrays may be nested at most 32 deep"},
    {Rule::number_out_of_range, "number_out_of_range",
     "a number must fit a 64-bit integer or a finite double"},
    {Rule::nul_character, "nul_character", "the character U+0000 is not allowed"},
    {Rule::member_duplicate, "member_duplicate", "a member may occur only once in an object"},
    {Rule::member_unknown, "member_unknown", "not a member of this contract"},
    {Rule::member_missing, "member_missing", "this member is required"},
    {Rule::object_expected, "object_expected", "an object is expected"},
    {Rule::string_expected, "string_expected", "a string is expected"},
    {Rule::source_invalid, "source_invalid",
     "1 to 128 characters of A-Z, a-z, 0-9, '.', '_' and '-' are expected"},
    {Rule::kind_unknown, "kind_unknown", "one of encounter, claim, lab_result is expected"},
    {Rule::schema_hint_unknown, "schema_hint_unknown", "the name of a known mapping is expected"},
    {Rule::name_invalid, "name_invalid",
     "1 to 200 characters are expected, not only blanks, no control characters"},
    {Rule::date_invalid, "date_invalid",
     "an existing date YYYY-MM-DD from 1850 to 2199 is expected"},
    {Rule::ssn_invalid, "ssn_invalid", "nine digits are expected, or NNN-NN-NNNN"},
}};

constexpr const RuleText& text_of(Rule rule)
{
    return rule_texts[static_cast<std::size_t>(rule)];
}

static_assert([] {
    for (std::size_t i = 0; i < rule_texts.size(); ++i)
        if (rule_texts[i].rule != static_cast<Rule>(i)) return false;
    return true;
}());

}  // namespace exchange::record
