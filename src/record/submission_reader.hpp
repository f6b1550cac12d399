#pragma once

#include "record/member_names.hpp"
#include "record/members.hpp"
#include "record/rules.hpp"

#include <array>
#include <boost/json/error.hpp>
#include <boost/json/string_view.hpp>
#include <limits>
#include <string>
#include <vector>

// The rules of a submission as the handler of Boost.JSON's event parser: no tree is ever built.
// Private to submission.cpp; one reader reads one body. What is open is a stack of frames, and a
// pointer text is made from it only when there is a violation to report.
namespace exchange::record {

inline constexpr std::size_t depth_max = 32;
inline constexpr std::size_t violations_max = 100;

class SubmissionReader {
public:
    using error_code = boost::json::error_code;
    using string_view = boost::json::string_view;

    // Bounds that the parser asks for; the body is bounded before it gets here.
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    explicit SubmissionReader(Api api) : api_{api} {}

    // After reading: what the body says if nothing was refused.
    const Submission& submission() const { return submission_; }
    // Document order, then what is missing.
    std::vector<Violation> take_violations();
    // About the whole body. `at` is the number of bytes before the fault.
    void refuse_body(Rule rule, std::size_t at);

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& stop);
    bool on_object_end(std::size_t, error_code& stop);
    bool on_array_begin(error_code& stop);
    bool on_array_end(std::size_t, error_code&);
    bool on_key_part(string_view part, std::size_t, error_code&);
    bool on_key(string_view rest, std::size_t size, error_code& stop);
    bool on_string_part(string_view part, std::size_t, error_code&);
    bool on_string(string_view rest, std::size_t size, error_code& stop);
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t, string_view, error_code& stop) { return on_scalar(stop); }
    bool on_uint64(std::uint64_t, string_view, error_code& stop) { return on_scalar(stop); }
    bool on_double(double value, string_view text, error_code& stop);
    bool on_bool(bool, error_code& stop) { return on_scalar(stop); }
    bool on_null(error_code& stop) { return on_scalar(stop); }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

private:
    struct Frame {
        // What it is: the body, the patient, or free. An array is always free.
        Field field = Field::free;
        bool is_array = false;
        std::uint32_t seen = 0;   // bit per member of the contract
        std::int64_t index = -1;  // of an array's current element
        // Of the contract, null for any other; and what its value must be.
        const Member* member = nullptr;
        Field value = Field::free;
    };
    struct Finding {
        std::uint32_t serial;
        Violation violation;
    };

    Field begin_value();
    void push(Field field, bool is_array);
    bool on_scalar(error_code& stop);
    bool check_text(Field field, std::string_view text, error_code& stop);
    bool known_member(Frame& frame, std::string_view name, bool& repeated) const;
    std::span<const Member> members_of(Field field) const;
    void report_missing(const Frame& frame);
    std::string pointer() const;
    // False, and `stop` set, once enough is known.
    bool refuse(Rule rule, error_code& stop) { return refuse(rule, pointer(), serial_, stop); }
    bool refuse(Rule rule, std::string where, std::uint32_t serial, error_code& stop);

    Api api_;
    Submission submission_;
    std::array<Frame, depth_max> frames_{};
    std::size_t depth_ = 0;
    std::uint32_t serial_ = 0;
    MemberNames names_;
    std::string key_;   // the parts of a name, when it comes in parts
    std::string text_;  // the parts of a string that a rule looks at
    bool nul_ = false;
    std::vector<Finding> findings_;
    std::vector<Violation> missing_;
};

}  // namespace exchange::record
