#pragma once

#include "record/submission.hpp"

#include <cstdint>
#include <optional>
#include <span>

// The members of a submission, by API version. Both versions say the same things by other names.
namespace exchange::record {

enum class Field : std::uint8_t {
    free,  // any JSON value: what the payload holds, and what follows a name already refused
    body,
    source,
    kind,
    schema_hint,
    patient,
    payload,
    person_name,
    dob,
    ssn,
};

struct Member {
    std::string_view name;
    Field field;
    bool required = true;
};

std::span<const Member> body_members(Api api);
std::span<const Member> patient_members(Api api);

std::optional<Kind> find_kind(std::string_view name);

}  // namespace exchange::record
