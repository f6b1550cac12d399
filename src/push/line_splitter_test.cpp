#include "push/line_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::push {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> cut(std::string_view text, std::size_t chunk, std::size_t max = 100)
{
    LineSplitter splitter{max};
    std::vector<std::string> lines;
    const auto drain = [&] {
        for (Line line; splitter.next(line);)
            lines.push_back(std::to_string(line.number) + (line.too_long ? "!" : ":") + line.bytes);
    };
    for (std::size_t at = 0; at < text.size(); at += chunk) {
        splitter.append(text.substr(at, chunk));
        drain();
    }
    splitter.finish();
    drain();
    return lines;
}

TEST(LineSplitter, gives_the_same_lines_whatever_the_chunks)
{
    for (const std::size_t chunk : {1u, 2u, 3u, 7u, 100u})
        EXPECT_THAT(cut("one\ntwo\n\nfour", chunk), ElementsAre("1:one", "2:two", "4:four"));
}

TEST(LineSplitter, keeps_every_byte_of_a_line_but_the_newline)
{
    using namespace std::string_literals;
    EXPECT_THAT(cut(" {} \t\r\nx\0y\n"s, 4), ElementsAre("1: {} \t\r"s, "2:x\0y"s));
}

TEST(LineSplitter, passes_over_blank_lines_and_counts_them)
{
    LineSplitter splitter{100};
    splitter.append("\n \t\r\na\n\n");
    splitter.finish();
    Line line;
    ASSERT_TRUE(splitter.next(line));
    EXPECT_EQ(line.number, 3u);
    EXPECT_EQ(line.size, 5u + 2u);
    EXPECT_FALSE(splitter.next(line));
    EXPECT_EQ(splitter.blank_lines(), 3u);
}

TEST(LineSplitter, gives_nothing_of_an_empty_input)
{
    EXPECT_THAT(cut("", 1), IsEmpty());
}

TEST(LineSplitter, holds_only_the_beginning_of_a_line_that_is_too_long)
{
    for (const std::size_t chunk : {1u, 3u, 100u})
        EXPECT_THAT(cut("12345\n123456789\n1234", chunk, 5),
                    ElementsAre("1:12345", "2!123456", "3:1234"));
    for (const std::size_t chunk : {1u, 3u, 100u})
        EXPECT_THAT(cut("123456789", chunk, 5), ElementsAre("1!123456"));
}

TEST(LineSplitter, counts_the_bytes_it_dropped)
{
    LineSplitter splitter{5};
    Line line;
    for (int i = 0; i < 4; ++i) {
        splitter.append("123456789");
        EXPECT_FALSE(splitter.next(line));
    }
    splitter.append("\n");
    ASSERT_TRUE(splitter.next(line));
    EXPECT_EQ(line.size, 37u);
    EXPECT_TRUE(line.too_long);
}

}  // namespace
}  // namespace exchange::push
