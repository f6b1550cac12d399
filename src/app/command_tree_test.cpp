#include "app/command_tree.hpp"

#include "app/completion.hpp"
#include "app/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CommandTree : public testing::Test {
protected:
    CommandTree()
    {
        app_.description("tool: does it");
        app_.add_option("--config", text_, "A file")->type_name("FILE");
        CLI::App* verb = app_.add_subcommand("send", "It's [all]: \\o/");
        verb->add_option("WHAT", words_, "What")->required();
        verb->add_option("--how", text_, "How")->check(CLI::IsMember({"fast", "well"}));
        verb->add_option("--count", number_, "Times")
            ->check(CLI::Range(1, 9))
            ->capture_default_str();
        verb->add_flag("--now", flag_, "It's [now]: \\o/");
        verb->footer(".begins with a dot\nExit codes: 0 ok\nExamples:\n  tool send --now");
        app_.add_subcommand("hidden", "Not told")->group("");
    }

    std::string page(const std::string& file) const
    {
        for (const ManualPage& page : manual_pages(read_commands(app_), {}, {"tool 1", "today"}))
            if (page.file == file) return page.text;
        return {};
    }

    CLI::App app_;
    std::string text_;
    std::vector<std::string> words_;
    int number_ = 3;
    bool flag_ = false;
};

TEST_F(CommandTree, has_what_help_tells_and_nothing_hidden)
{
    const Command root = read_commands(app_);
    ASSERT_EQ(root.verbs.size(), 1u);
    const Command& send = root.verbs[0];
    EXPECT_THAT(send.path, ElementsAre("send"));
    ASSERT_EQ(send.options.size(), 5u);
    EXPECT_THAT(send.options[0].names, ElementsAre("-h", "--help"));
    EXPECT_TRUE(send.options[0].value.empty());
    EXPECT_EQ(send.options[1].argument, "WHAT");
    EXPECT_TRUE(send.options[1].required);
    EXPECT_TRUE(send.options[1].repeated);
    EXPECT_THAT(send.options[2].choices, ElementsAre("fast", "well"));
    EXPECT_EQ(send.options[3].bounds, "1 to 9");
    EXPECT_EQ(send.options[3].fallback, "3");
    EXPECT_TRUE(send.options[4].value.empty());
}

TEST_F(CommandTree, options_of_the_program_are_understood_by_a_verb)
{
    const Command root = read_commands(app_);
    const auto options = options_at(root, root.verbs[0]);
    ASSERT_EQ(options.size(), 6u);
    EXPECT_TRUE(options.back().takes_file());
}

TEST_F(CommandTree, descriptions_are_quoted_for_each_shell)
{
    const Command root = read_commands(app_);
    EXPECT_THAT(zsh_completion(root), HasSubstr(R"('--now[It'\''s \[now\]\: \\o/]')"));
    EXPECT_THAT(zsh_completion(root), HasSubstr(R"('send:It'\''s [all]: \\o/')"));
    EXPECT_THAT(fish_completion(root), HasSubstr(R"(-l now -d 'It\'s [now]: \\o/')"));
    EXPECT_THAT(bash_completion(root), Not(HasSubstr("It's")));
}

TEST_F(CommandTree, no_text_is_taken_for_a_request_by_the_manual)
{
    const std::string send = page("exchange-send.1");
    EXPECT_THAT(send, HasSubstr("\n\\&.begins with a dot\n"));
    EXPECT_THAT(send, HasSubstr("It's [all]: \\eo/"));
    EXPECT_THAT(send, HasSubstr(".SH EXIT STATUS\n0 ok\n"));
    EXPECT_THAT(send, HasSubstr("tool send \\-\\-now"));
    EXPECT_THAT(page("exchange.1"), Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace exchange::app
