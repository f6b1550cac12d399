#include "app/commands.hpp"
#include "app/completion.hpp"

#include <fmt/format.h>

#include <memory>

namespace exchange::app {

void add_completion(CLI::App& app, Globals&)
{
    const auto shell = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand("completion", "Print the completion of a shell");
    verb->add_option("SHELL", *shell, "The shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    verb->footer("Examples:\n  source <(exchange completion bash)\n"
                 "  exchange completion fish > ~/.config/fish/completions/exchange.fish");
    verb->callback([&app, shell] {
        const Command root = read_commands(app);
        fmt::print("{}", *shell == "bash"  ? bash_completion(root)
                         : *shell == "zsh" ? zsh_completion(root)
                                           : fish_completion(root));
    });
}

}  // namespace exchange::app
