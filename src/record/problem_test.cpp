#include "record/problem.hpp"

#include <gtest/gtest.h>

#include <set>

namespace exchange::record {
namespace {

TEST(Problem, says_what_is_known_in_a_fixed_order)
{
    const Violation violations[] = {{"/payload", "object_expected", "an object is expected"},
                                    {"", "json_invalid", "not \"JSON\""}};
    EXPECT_EQ(render_problem({.code = ProblemCode::body_invalid,
                              .detail = "2 violations",
                              .correlation_id = "abc-12345",
                              .violations = violations}),
              R"({"type":"urn:exchange:problem:body_invalid",)"
              R"("title":"The body does not follow the contract","status":400,)"
              R"("code":"body_invalid","detail":"2 violations","error":"2 violations",)"
              R"("correlation_id":"abc-12345","errors":[)"
              R"({"pointer":"/payload","code":"object_expected","detail":"an object is expected"},)"
              R"({"pointer":"","code":"json_invalid","detail":"not \"JSON\""}]})");
}

TEST(Problem, leaves_out_what_is_not_known)
{
    EXPECT_EQ(
        render_problem({.code = ProblemCode::not_found}),
        R"({"type":"urn:exchange:problem:not_found",)"
        R"("title":"There is nothing at this path","status":404,"code":"not_found",)"
        R"("detail":"There is nothing at this path","error":"There is nothing at this path"})");
}

TEST(Problem, error_is_one_line_whatever_the_detail)
{
    const std::string body = render_problem({.code = ProblemCode::internal, .detail = "a\r\nb"});
    EXPECT_NE(body.find(R"("detail":"a\r\nb","error":"a  b")"), std::string::npos) << body;
}

TEST(Problem, table_names_each_code_once_and_finds_it)
{
    std::set<std::string_view> codes;
    for (const ProblemKind& kind : problem_kinds) {
        EXPECT_TRUE(codes.insert(kind.code).second) << kind.code;
        EXPECT_EQ(find_problem(kind.code), &kind);
        EXPECT_EQ(&kind_of(kind.id), &kind);
        EXPECT_TRUE(kind.status >= 400 && kind.status < 600);
    }
    EXPECT_EQ(find_problem("no_such_code"), nullptr);
}

}  // namespace
}  // namespace exchange::record
