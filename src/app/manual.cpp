#include "app/manual.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace exchange::app {
namespace {

constexpr std::string_view exit_codes = "Exit codes: ";
constexpr std::string_view examples = "Examples:\n";

// A minus that is typed, as in options, is escaped; a hyphen of prose stays one.
std::string escaped(std::string_view text, bool typed = false)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool begins = at == 0 || text[at - 1] == '\n';
        if (begins && (c == '.' || c == '\'')) out += "\\&";
        const bool option = at + 1 < text.size() && (begins || text[at - 1] == ' ') && c == '-';
        if (c == '\\') out += "\\e";
        else if (c == '-' && (typed || option || (at > 0 && text[at - 1] == '-'))) out += "\\-";
        else out += c;
    }
    return out;
}

std::string bold(std::string_view text)
{
    return "\\fB" + escaped(text, true) + "\\fR";
}

std::string italic(std::string_view text)
{
    return "\\fI" + escaped(text) + "\\fR";
}

// A footer is prose, then exit codes, then examples; each of them may be missing.
struct Footer {
    std::string prose;
    std::string exit_codes;
    std::string examples;
};

Footer split_footer(const std::string& text)
{
    Footer footer;
    const std::size_t example = std::min(text.find(examples), text.size());
    const std::size_t codes = std::min(text.find(exit_codes), example);
    footer.prose = text.substr(0, codes);
    if (codes < example)
        footer.exit_codes =
            text.substr(codes + exit_codes.size(), example - codes - exit_codes.size());
    if (example < text.size()) footer.examples = text.substr(example + examples.size());
    while (footer.exit_codes.ends_with('\n')) footer.exit_codes.pop_back();
    while (footer.prose.ends_with('\n')) footer.prose.pop_back();
    return footer;
}

std::string option_tag(const CommandOption& option)
{
    std::string tag;
    for (const std::string& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
    if (!option.argument.empty()) return italic(option.argument);
    if (!option.value.empty()) tag += " " + italic(option.value);
    return tag;
}

std::string option_entry(const CommandOption& option)
{
    std::string told = escaped(option.description);
    if (!option.choices.empty())
        told += fmt::format(": {}", escaped(fmt::format("{}", fmt::join(option.choices, ", "))));
    if (!option.bounds.empty()) told += fmt::format(" ({})", escaped(option.bounds));
    if (!option.fallback.empty()) told += fmt::format("; default {}", escaped(option.fallback));
    if (option.required) told += "; required";
    return fmt::format(".TP\n{}\n{}.\n", option_tag(option), told);
}

std::string synopsis(const Command& command)
{
    std::string line = bold("exchange" + path_text(command, " "));
    for (const CommandOption& option : command.options)
        if (option.argument.empty() && option.required) line += " " + option_tag(option);
    line += " [" + italic("OPTION") + "]...";
    for (const CommandOption& option : command.options)
        if (!option.argument.empty())
            line += " " + italic(option.argument) + (option.repeated ? "..." : "");
    if (!command.verbs.empty()) line += " " + italic("VERB");
    return line + "\n";
}

std::string paragraphs(std::string_view text)
{
    return text.empty() ? "" : ".PP\n" + escaped(text) + "\n";
}

std::string options_of(const std::vector<CommandOption>& options)
{
    std::string text;
    for (const CommandOption& option : options) text += option_entry(option);
    return text;
}

std::string header(const std::string& title, const ManualImprint& imprint)
{
    std::string upper = title;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return fmt::format(".\\\" Written by `exchange manual`.\n.TH {} 1 \"{}\" \"{}\" \"exchange\"\n",
                       escaped(upper, true), imprint.date, imprint.edition);
}

std::string example_section(const std::string& text)
{
    if (text.empty()) return {};
    return fmt::format(".SH EXAMPLES\n.nf\n{}\n.fi\n", escaped(text, true));
}

// Examples of all verbs of a page, in their order. Those of a noun are of its verbs, too: each is
// told once.
std::string gathered_examples(const Command& command)
{
    std::vector<std::string> lines;
    for (const Command* each : all_commands(command))
        for (std::string& line : CLI::detail::split(split_footer(each->footer).examples, '\n'))
            if (!line.empty() && std::find(lines.begin(), lines.end(), line) == lines.end())
                lines.push_back(std::move(line));
    return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string verb_section(const Command& root, const Command& verb)
{
    std::string text =
        fmt::format(".SS {}\n{}", escaped("exchange" + path_text(verb, " "), true), synopsis(verb));
    text += paragraphs(verb.description + ".") + paragraphs(split_footer(verb.footer).prose);
    std::vector<CommandOption> own;
    for (const CommandOption& option : verb.options)
        if (option.names != root.options.front().names) own.push_back(option);
    return text + options_of(own);
}

ManualPage verb_page(const Command& root, const Command& verb, const ManualImprint& imprint)
{
    const std::string title = "exchange" + path_text(verb, "-");
    const Footer footer = split_footer(verb.footer);
    std::string text = header(title, imprint);
    text += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}", escaped(title, true),
                        escaped(verb.description), synopsis(verb));
    text += ".SH DESCRIPTION\n" + escaped(verb.description) + ".\n" + paragraphs(footer.prose);
    if (!verb.verbs.empty()) text += ".SH VERBS\n";
    for (const Command& below : verb.verbs) text += verb_section(root, below);
    text += ".SH OPTIONS\n" + options_of(options_at(root, verb));
    text += ".SH EXIT STATUS\n";
    text += footer.exit_codes.empty() ? "As told in\n.BR exchange (1).\n"
                                      : escaped(footer.exit_codes) + "\n";
    text += example_section(gathered_examples(verb));
    text += ".SH SEE ALSO\n.BR exchange (1),\nwhich also lists the settings.\n";
    return {title + ".1", std::move(text)};
}

std::string environment_section(const std::vector<EffectiveSetting>& settings)
{
    std::string text =
        ".SH ENVIRONMENT\nSettings are read from the environment, and from the file that\n"
        ".B \\-\\-config\nor EXCHANGE_CONFIG names, as TOML with the names in lower case. The\n"
        "environment wins. Any other name KAFKA_... is a property of librdkafka.\n";
    for (const EffectiveSetting& setting : settings) {
        const std::string fallback =
            setting.fallback.empty() ? "" : fmt::format("; default {}", escaped(setting.fallback));
        text += fmt::format(".TP\n{}\n{}{}.\n", bold(setting.name), escaped(setting.description),
                            fallback);
    }
    return text;
}

ManualPage program_page(const Command& root, const std::vector<EffectiveSetting>& settings,
                        const ManualImprint& imprint)
{
    const Footer footer = split_footer(root.footer);
    const std::string summary = root.description.substr(root.description.find(": ") + 2);
    std::string text = header("exchange", imprint);
    text += fmt::format(".SH NAME\nexchange \\- {}\n.SH SYNOPSIS\n{}", escaped(summary),
                        synopsis(root));
    text += ".SH DESCRIPTION\nThe exchange " + escaped(summary) + ".\n" + paragraphs(footer.prose);
    text += ".SH VERBS\n";
    for (const Command& verb : root.verbs)
        text +=
            fmt::format(".TP\n.BR {} (1)\n{}.\n", escaped("exchange" + path_text(verb, "-"), true),
                        escaped(verb.description));
    text += ".SH OPTIONS\n" + options_of(root.options);
    text += ".SH EXIT STATUS\n" + escaped(footer.exit_codes) + "\n";
    text += environment_section(settings) + example_section(footer.examples) + ".SH SEE ALSO\n";
    for (const Command& verb : root.verbs)
        text += fmt::format(".BR {} (1){}\n", escaped("exchange" + path_text(verb, "-"), true),
                            &verb == &root.verbs.back() ? "" : ",");
    return {"exchange.1", std::move(text)};
}

}  // namespace

std::vector<ManualPage> manual_pages(const Command& root,
                                     const std::vector<EffectiveSetting>& settings,
                                     const ManualImprint& imprint)
{
    std::vector<ManualPage> pages{program_page(root, settings, imprint)};
    for (const Command& verb : root.verbs) pages.push_back(verb_page(root, verb, imprint));
    return pages;
}

}  // namespace exchange::app
