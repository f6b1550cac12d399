#include "app/command_line.hpp"

#include "app/command_tree.hpp"
#include "app/suggest.hpp"

#include <gtest/gtest.h>

namespace exchange::app {
namespace {

class CommandLine : public testing::Test {
protected:
    CommandLine() { add_command_line(app_, globals_); }

    std::string suggested(const std::vector<std::string>& words) const
    {
        return suggest(app_, words);
    }

    CLI::App app_;
    Globals globals_;
};

// Lines below "Examples:" that call the program, whatever stands in front of it.
int examples_in(const std::string& footer)
{
    constexpr std::string_view title = "Examples:\n";
    const std::size_t begin = footer.find(title);
    if (begin == std::string::npos) return 0;
    int count = 0;
    for (const std::string& line : CLI::detail::split(footer.substr(begin + title.size()), '\n'))
        count += line.find("exchange ") != std::string::npos;
    return count;
}

TEST_F(CommandLine, help_has_two_examples_at_each_level)
{
    const Command root = read_commands(app_);
    ASSERT_GT(all_commands(root).size(), 20u);
    for (const Command* command : all_commands(root))
        EXPECT_GE(examples_in(command->footer), 2) << "exchange" << path_text(*command, " ");
}

TEST_F(CommandLine, an_example_is_of_the_command_that_shows_it)
{
    const Command root = read_commands(app_);
    for (const Command* command : all_commands(root)) {
        const std::string own = "exchange" + path_text(*command, " ");
        EXPECT_NE(command->footer.find(own, command->footer.find("Examples:")), std::string::npos)
            << own;
    }
}

TEST_F(CommandLine, suggests_for_the_first_unknown_word_within_its_command)
{
    const struct {
        std::vector<std::string> words;
        const char* expected;
    } rows[] = {
        {{"migrat"}, "migrate"},
        {{"--json", "migrat"}, "migrate"},
        {{"--config", "serve", "migrat"}, "migrate"},
        {{"--config=serve", "migrat"}, "migrate"},
        {{"topics", "aply"}, "topics apply"},
        {{"topics", "--json", "aply"}, "topics apply"},
        {{"topics", "--config", "list", "aply"}, "topics apply"},
        {{"outbox", "relase", "4711"}, "outbox release"},
        // The known verb of another noun is none here.
        {{"pins", "lit"}, "pins list"},
    };
    for (const auto& [words, expected] : rows)
        EXPECT_EQ(suggested(words), expected) << CLI::detail::join(words, " ");
}

TEST_F(CommandLine, suggests_nothing_where_no_verb_is_unknown_or_near)
{
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {},
             {"frobnicate"},
             {"topics"},
             {"topics", "frobnicate"},
             {"topics", "apply", "migrat"},
             {"push", "serv"},
             {"serve", "--role", "migrat"},
             {"--jsn"},
         })
        EXPECT_EQ(suggested(words), "") << CLI::detail::join(words, " ");
}

}  // namespace
}  // namespace exchange::app
