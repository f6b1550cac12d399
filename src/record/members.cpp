#include "record/members.hpp"

#include <array>

namespace exchange::record {
namespace {

constexpr Member v1_body[] = {
    {"source", Field::source},
    {"record_type", Field::kind},
    {"patient", Field::patient},
    {"payload", Field::payload},
};
constexpr Member v2_body[] = {
    {"source", Field::source},   {"record_kind", Field::kind}, {"schema_hint", Field::schema_hint},
    {"patient", Field::patient}, {"payload", Field::payload},
};
constexpr Member v1_patient[] = {
    {"first_name", Field::person_name},
    {"last_name", Field::person_name},
    {"dob", Field::dob},
    {"ssn", Field::ssn, false},
};
constexpr Member v2_patient[] = {
    {"given_name", Field::person_name},
    {"family_name", Field::person_name},
    {"dob", Field::dob},
    {"ssn", Field::ssn, false},
};

struct KindName {
    Kind kind;
    std::string_view name;
};
constexpr std::array<KindName, 3> kind_names{{
    {Kind::encounter, "encounter"},
    {Kind::claim, "claim"},
    {Kind::lab_result, "lab_result"},
}};

}  // namespace

std::span<const Member> body_members(Api api)
{
    if (api == Api::v1) return v1_body;
    return v2_body;
}

std::span<const Member> patient_members(Api api)
{
    if (api == Api::v1) return v1_patient;
    return v2_patient;
}

std::optional<Kind> find_kind(std::string_view name)
{
    for (const KindName& known : kind_names)
        if (known.name == name) return known.kind;
    return std::nullopt;
}

std::string_view to_string(Kind kind)
{
    return kind_names[static_cast<std::size_t>(kind)].name;
}

}  // namespace exchange::record
