#include "record/field_rules.hpp"

#include "record/submission.hpp"

#include <gtest/gtest.h>

namespace exchange::record {
namespace {

using namespace std::string_literals;

struct Case {
    std::string text;
    bool valid;
};

template <std::size_t n>
void expect_each(bool (&rule)(std::string_view), const Case (&cases)[n])
{
    for (const Case& c : cases) EXPECT_EQ(rule(c.text), c.valid) << '"' << c.text << '"';
}

std::string times(std::size_t count, std::string_view text)
{
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

TEST(FieldRules, birth_date_is_a_day_of_the_calendar)
{
    const Case cases[] = {
        {"1850-01-01", true},        {"2199-12-31", true},
        {"2000-02-29", true},        {"1996-02-29", true},
        {"1970-04-30", true},        {"1849-12-31", false},
        {"2200-01-01", false},       {"1900-02-29", false},
        {"2001-02-29", false},       {"1970-04-31", false},
        {"1970-13-01", false},       {"1970-00-01", false},
        {"1970-01-00", false},       {"1970-01-32", false},
        {"1970-1-01", false},        {"1970-01-1", false},
        {"1970/01/01", false},       {"19700101", false},
        {"1970-01-01 ", false},      {" 1970-01-01", false},
        {"1970-01-01T00:00", false}, {"", false},
        {"+970-01-01", false},       {"1970-01-\xd9\xa1\xd9\xa2", false},
    };
    expect_each(valid_birth_date, cases);
}

TEST(FieldRules, ssn_is_nine_digits_with_both_hyphens_or_none)
{
    const Case cases[] = {
        {"000000000", true},     {"123-45-6789", true},  {"", false},
        {"12345678", false},     {"1234567890", false},  {"123-456789", false},
        {"12345-6789", false},   {"123 45 6789", false}, {"123-45-678a", false},
        {"123-45-6789 ", false},
    };
    expect_each(valid_ssn, cases);
}

TEST(FieldRules, person_name_counts_characters_not_bytes)
{
    const Case cases[] = {
        {"A", true},
        {"O'Neill-\xc3\x89tienne", true},
        {times(200, "a"), true},
        {times(200, "\xf0\x9f\x91\xa9"), true},
        {times(201, "a"), false},
        {times(201, "\xc3\xa9"), false},
        {"", false},
        {" ", false},
        {"\xc2\xa0\xe3\x80\x80\xe2\x80\x83", false},
        {"tab\there", false},
        {"line\nend", false},
        {"nul\0"s, false},
        {"delete\x7f", false},
        {"next line\xc2\x85", false},
    };
    expect_each(valid_person_name, cases);
}

TEST(FieldRules, source_is_made_of_few_characters)
{
    const Case cases[] = {
        {"a", true},          {"clinic-7.lab_2", true}, {times(128, "s"), true},
        {"", false},          {times(129, "s"), false}, {"with space", false},
        {"slash/es", false},  {"caf\xc3\xa9", false},   {"nul\0"s, false},
        {"new\nline", false}, {"a:b", false},
    };
    expect_each(valid_source, cases);
}

TEST(FieldRules, idempotency_key_is_8_to_255_visible_characters)
{
    const Case cases[] = {
        {"12345678", true},    {times(255, "k"), true},     {"!\"#$%&'()~", true},
        {"1234567", false},    {times(256, "k"), false},    {"", false},
        {"with space", false}, {"caf\xc3\xa9-1234", false}, {"12345678\x7f", false},
        {"1234567\t8", false},
    };
    expect_each(valid_idempotency_key, cases);
}

TEST(FieldRules, correlation_id_is_8_to_128_visible_characters)
{
    const Case cases[] = {
        {"12345678", true}, {times(128, "c"), true},  {"1234567", false},
        {"", false},        {times(129, "c"), false}, {"with space", false},
    };
    expect_each(valid_correlation_id, cases);
}

TEST(FieldRules, traceparent_is_version_00_of_trace_context)
{
    const Case cases[] = {
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true},
        {"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e473600-f067aa0ba902b7-01", false},
        {"", false},
    };
    expect_each(valid_traceparent, cases);
}

}  // namespace
}  // namespace exchange::record
