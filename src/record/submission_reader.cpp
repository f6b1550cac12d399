#include "record/submission_reader.hpp"

#include "record/field_rules.hpp"
#include "record/schema_hints.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace exchange::record {
namespace {

// More than any string that a rule looks at may have in bytes.
constexpr std::size_t text_bytes_max = 1024;

constexpr bool is_text(Field field)
{
    return field != Field::free && field != Field::body && field != Field::patient &&
           field != Field::payload;
}

bool has_nul(std::string_view text)
{
    return text.find('\0') != std::string_view::npos;
}

Violation violation_of(Rule rule, std::string where)
{
    const RuleText& texts = text_of(rule);
    return {std::move(where), std::string{texts.code}, std::string{texts.text}};
}

// The parser's value is quick, not exact, and infinite or no number at all near the edges.
bool finite(double value, std::string_view text)
{
    if (std::abs(value) <= 1e308) return true;
    double exact = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
    return error == std::errc{} && std::isfinite(exact);
}

}  // namespace

std::vector<Violation> SubmissionReader::take_violations()
{
    std::vector<Violation> all;
    all.reserve(findings_.size() + missing_.size());
    for (Finding& finding : findings_) all.push_back(std::move(finding.violation));
    for (Violation& missing : missing_) all.push_back(std::move(missing));
    if (all.size() > violations_max) all.resize(violations_max);
    return all;
}

void SubmissionReader::refuse_body(Rule rule, std::size_t at)
{
    Violation violation = violation_of(rule, "");
    violation.text += fmt::format(" (at byte {})", at);
    findings_.push_back({serial_, std::move(violation)});
}

bool SubmissionReader::on_object_begin(error_code& stop)
{
    const Field field = begin_value();
    const bool fits = !is_text(field);
    const bool open = field == Field::body || field == Field::patient;
    if (!fits && !refuse(Rule::string_expected, stop)) return false;
    push(open ? field : Field::free, false);
    names_.open_object();
    return true;
}

bool SubmissionReader::on_object_end(std::size_t, error_code& stop)
{
    Frame& frame = frames_[depth_ - 1];
    frame.member = nullptr;
    for (const std::uint32_t serial : names_.close_object())
        if (!refuse(Rule::member_duplicate, pointer(), serial, stop)) return false;
    const Frame closed = frame;
    --depth_;
    report_missing(closed);
    return true;
}

bool SubmissionReader::on_array_begin(error_code& stop)
{
    const Field field = begin_value();
    if (field != Field::free &&
        !refuse(is_text(field) ? Rule::string_expected : Rule::object_expected, stop))
        return false;
    push(Field::free, true);
    return true;
}

bool SubmissionReader::on_array_end(std::size_t, error_code&)
{
    --depth_;
    return true;
}

bool SubmissionReader::on_key_part(string_view part, std::size_t, error_code&)
{
    key_.append(part.data(), part.size());
    return true;
}

bool SubmissionReader::on_key(string_view rest, std::size_t size, error_code& stop)
{
    ++serial_;
    std::string_view name{rest.data(), rest.size()};
    if (name.size() != size) name = key_.append(name);
    Frame& frame = frames_[depth_ - 1];
    bool repeated = false;
    const bool known = known_member(frame, name, repeated);
    if (!known) repeated = names_.add(name, serial_);
    const bool nul = has_nul(name);
    key_.clear();
    if (nul && !refuse(Rule::nul_character, stop)) return false;
    if (repeated) return refuse(Rule::member_duplicate, stop);
    if (known || frame.field == Field::free) return true;
    return refuse(Rule::member_unknown, stop);
}

bool SubmissionReader::on_string_part(string_view part, std::size_t, error_code&)
{
    const std::string_view text{part.data(), part.size()};
    nul_ = nul_ || has_nul(text);
    if (text_.size() + text.size() <= text_bytes_max) text_ += text;
    return true;
}

bool SubmissionReader::on_string(string_view rest, std::size_t size, error_code& stop)
{
    std::string_view text{rest.data(), rest.size()};
    const Field field = begin_value();
    const bool nul = std::exchange(nul_, false) || has_nul(text);
    bool go_on = true;
    if (nul) {
        go_on = refuse(Rule::nul_character, stop);
    } else if (field != Field::free) {
        // What is longer than the buffer breaks every rule; an empty text breaks them too.
        if (size > text_bytes_max) text = {};
        else if (text.size() != size) text = text_.append(text);
        go_on = check_text(field, text, stop);
    }
    text_.clear();
    return go_on;
}

bool SubmissionReader::on_double(double value, string_view text, error_code& stop)
{
    const bool fits = finite(value, {text.data(), text.size()});
    if (!on_scalar(stop)) return false;
    return fits || refuse(Rule::number_out_of_range, stop);
}

// Counts the value in, and says what it has to be.
Field SubmissionReader::begin_value()
{
    ++serial_;
    if (depth_ == 0) return Field::body;
    Frame& frame = frames_[depth_ - 1];
    if (!frame.is_array) return frame.value;
    ++frame.index;
    return Field::free;
}

void SubmissionReader::push(Field field, bool is_array)
{
    frames_[depth_] = Frame{.field = field, .is_array = is_array};
    ++depth_;
}

bool SubmissionReader::on_scalar(error_code& stop)
{
    const Field field = begin_value();
    if (field == Field::free) return true;
    return refuse(is_text(field) ? Rule::string_expected : Rule::object_expected, stop);
}

bool SubmissionReader::check_text(Field field, std::string_view text, error_code& stop)
{
    switch (field) {
    case Field::free:
        return true;
    case Field::body:
    case Field::patient:
    case Field::payload:
        return refuse(Rule::object_expected, stop);
    case Field::source:
        if (!valid_source(text)) return refuse(Rule::source_invalid, stop);
        submission_.source = text;
        return true;
    case Field::kind:
        if (const auto kind = find_kind(text)) {
            submission_.kind = *kind;
            return true;
        }
        return refuse(Rule::kind_unknown, stop);
    case Field::schema_hint:
        if (std::ranges::find(schema_hints, text) == schema_hints.end())
            return refuse(Rule::schema_hint_unknown, stop);
        submission_.schema_hint = text;
        return true;
    case Field::person_name:
        return valid_person_name(text) || refuse(Rule::name_invalid, stop);
    case Field::dob:
        return valid_birth_date(text) || refuse(Rule::date_invalid, stop);
    case Field::ssn:
        return valid_ssn(text) || refuse(Rule::ssn_invalid, stop);
    }
    return true;
}

// Sets what the value of the name has to be. A name that is refused may have any value: one
// violation is enough for it.
bool SubmissionReader::known_member(Frame& frame, std::string_view name, bool& repeated) const
{
    frame.member = nullptr;
    frame.value = Field::free;
    const auto members = members_of(frame.field);
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (members[i].name != name) continue;
        const std::uint32_t bit = 1u << i;
        repeated = (frame.seen & bit) != 0;
        frame.seen |= bit;
        frame.member = &members[i];
        if (!repeated) frame.value = members[i].field;
        return true;
    }
    return false;
}

std::span<const Member> SubmissionReader::members_of(Field field) const
{
    if (field == Field::body) return body_members(api_);
    if (field == Field::patient) return patient_members(api_);
    return {};
}

void SubmissionReader::report_missing(const Frame& frame)
{
    const auto members = members_of(frame.field);
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!members[i].required || (frame.seen & (1u << i)) != 0) continue;
        missing_.push_back(
            violation_of(Rule::member_missing, fmt::format("{}/{}", pointer(), members[i].name)));
    }
}

// Needs no escapes: the contract's names have neither '~' nor '/', and others are not shown.
std::string SubmissionReader::pointer() const
{
    std::string text;
    for (std::size_t i = 0; i < depth_; ++i) {
        const Frame& frame = frames_[i];
        text += '/';
        if (frame.is_array) text += std::to_string(frame.index);
        else text += frame.member ? frame.member->name : "*";
    }
    return text;
}

bool SubmissionReader::refuse(Rule rule, std::string where, std::uint32_t serial, error_code& stop)
{
    // A large object tells its repetitions when it closes, after what stands inside.
    const auto place = std::ranges::upper_bound(findings_, serial, {}, &Finding::serial);
    findings_.insert(place, {serial, violation_of(rule, std::move(where))});
    if (findings_.size() < violations_max) return true;
    stop = make_error_code(boost::system::errc::operation_canceled);
    return false;
}

}  // namespace exchange::record
