#include "push/results_file.hpp"

#include "push/push.hpp"
#include "push/push_test_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::push {
namespace {

using ::testing::HasSubstr;
using Found = SettledLines::Found;

const ResultsHeader header{"http://127.0.0.1:8080/v1/ingest", "push"};

LineKey key_of(std::string_view text)
{
    return KeyMaker{}.key_of(text);
}

std::string result(std::string_view text, unsigned status)
{
    Answer answer;
    answer.verdict = status == 202 ? Verdict::accepted : Verdict::rejected;
    answer.status = status;
    return render_result("a.ndjson", Line{}, to_string(key_of(text), "push"), answer);
}

std::string refusal(const TestFiles& files, const ResultsHeader& asked = header)
{
    try {
        const ResultsFile file{files.path("r"), asked};
        return "";
    } catch (const PushUsageError& error) {
        return error.what();
    }
}

TEST(ResultsFile, remembers_what_was_settled)
{
    const TestFiles files;
    {
        ResultsFile first{files.path("r"), header};
        EXPECT_EQ(first.settled().find(key_of("a")), Found::no);
        first.append(result("a", 202));
        first.append(result("b", 400));
        first.flush();
    }
    const ResultsFile second{files.path("r"), header};
    EXPECT_EQ(second.settled().size(), 2u);
    EXPECT_EQ(second.settled().find(key_of("a")), Found::accepted);
    EXPECT_EQ(second.settled().find(key_of("b")), Found::rejected);
    EXPECT_EQ(second.settled().find(key_of("c")), Found::no);
}

TEST(ResultsFile, cuts_off_a_torn_last_line_and_goes_on_after_it)
{
    const TestFiles files;
    const std::string whole = render_header(header) + result("a", 202);
    files.write("r", whole + result("b", 202).substr(0, 40));
    {
        ResultsFile file{files.path("r"), header};
        EXPECT_EQ(file.settled().size(), 1u);
        file.append(result("c", 202));
        file.flush();
    }
    EXPECT_EQ(files.read("r"), whole + result("c", 202));
}

TEST(ResultsFile, never_touches_a_file_that_is_none)
{
    for (const char* text : {"{\"source\":\"x\"}\n", "one line without an end", "\n\nx\n"}) {
        const TestFiles files;
        files.write("r", text);
        EXPECT_THAT(refusal(files), HasSubstr("not the results file of a push")) << text;
        EXPECT_EQ(files.read("r"), text);
    }
}

TEST(ResultsFile, refuses_a_line_that_is_no_result)
{
    const TestFiles files;
    files.write("r", render_header(header) + result("a", 202) + "{}\n" + result("b", 202));
    EXPECT_THAT(refusal(files), HasSubstr("line 3 is not a result"));
}

TEST(ResultsFile, refuses_the_results_of_a_push_to_somewhere_else)
{
    const TestFiles files;
    files.write("r", render_header(header));
    EXPECT_EQ(refusal(files), "");
    EXPECT_THAT(refusal(files, {"https://other/v1/ingest", "push"}),
                HasSubstr("belongs to a push to http://127.0.0.1:8080/v1/ingest"));
    EXPECT_THAT(refusal(files, {header.target, "other"}), HasSubstr("key prefix push"));
}

TEST(ResultsFile, has_one_writer_at_a_time)
{
    const TestFiles files;
    const ResultsFile file{files.path("r"), header};
    EXPECT_THAT(refusal(files), HasSubstr("another push is writing to it"));
}

TEST(ResultsFile, says_which_file_it_cannot_write)
{
    const TestFiles files;
    EXPECT_THROW((ResultsFile{files.path("missing/r"), header}), std::system_error);
}

}  // namespace
}  // namespace exchange::push
