#include "push/progress.hpp"
#include "push/push.hpp"
#include "record/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace exchange::push {
namespace {

std::string_view name_of(PushEnd end)
{
    switch (end) {
    case PushEnd::complete:
        return "complete";
    case PushEnd::interrupted:
        return "interrupted";
    case PushEnd::gave_up:
        return "gave_up";
    case PushEnd::token_refused:
        return "token_refused";
    case PushEnd::wrong_server:
        return "wrong_server";
    }
    return "";
}

bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-_./:=@%+,"}.find(c) != std::string_view::npos;
}

// As one word of a POSIX shell.
std::string shell_word(const std::string& text)
{
    if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return word + "'";
}

std::string resume_command(const PushOptions& options)
{
    const PushOptions usual;
    std::string command = "exchange push --url " + shell_word(options.url);
    if (options.api != usual.api) command += " --api " + options.api;
    if (options.token_env != usual.token_env)
        command += " --token-env " + shell_word(options.token_env);
    if (options.connections != usual.connections)
        command += " --connections " + std::to_string(options.connections);
    if (options.key_prefix != usual.key_prefix)
        command += " --key-prefix " + shell_word(options.key_prefix);
    if (options.give_up_after)
        command += fmt::format(" --give-up-after {}",
                               std::chrono::duration<double>(*options.give_up_after).count());
    if (!options.results_file.empty()) command += " --results " + shell_word(options.results_file);
    if (std::ranges::any_of(options.files,
                            [](const auto& name) { return name.starts_with('-') && name != "-"; }))
        command += " --";
    for (const std::string& name : options.files) command += " " + shell_word(name);
    return command;
}

std::string_view hint_for(PushEnd end)
{
    switch (end) {
    case PushEnd::complete:
    case PushEnd::interrupted:
        return "";
    case PushEnd::gave_up:
        return "the server settled no record in the time --give-up-after allows";
    case PushEnd::token_refused:
        return "the server refuses the token";
    case PushEnd::wrong_server:
        return "no exchange answers there. Hint: check --url and --api";
    }
    return "";
}

std::string by_code(const PushReport& report)
{
    std::string text;
    for (const auto& [code, count] : report.rejected_by_code)
        text += fmt::format("{}{} × {}", text.empty() ? "  " : ", ", grouped(count), code);
    return text;
}

std::string counts_text(const PushReport& report)
{
    const double rate =
        report.seconds > 0 ? static_cast<double>(report.settled()) / report.seconds : 0;
    std::string text = fmt::format("{} lines in {:.1f} s ({}/s)\n", grouped(report.lines),
                                   report.seconds, grouped(static_cast<std::uint64_t>(rate)));
    const auto row = [&text](std::string_view name, std::uint64_t count, std::string_view more) {
        text += fmt::format("  {:<10} {:>12}{}\n", name, grouped(count), more);
    };
    row("accepted", report.accepted, "");
    if (report.replayed > 0)
        row("replayed", report.replayed, "  accepted before, not stored again");
    if (report.skipped > 0)
        row("skipped", report.skipped,
            fmt::format("  settled by an earlier run, {} of them rejected",
                        grouped(report.rejected_before)));
    row("rejected", report.rejected, by_code(report));
    if (report.unfinished > 0) row("unfinished", report.unfinished, "");
    if (report.blank > 0) row("blank", report.blank, "");
    if (report.retries > 0) row("retries", report.retries, "");
    return text;
}

}  // namespace

int exit_code(const PushReport& report)
{
    switch (report.end) {
    case PushEnd::complete:
        break;
    case PushEnd::interrupted:
        return 130;
    case PushEnd::gave_up:
        return 5;
    case PushEnd::token_refused:
        return 6;
    case PushEnd::wrong_server:
        return 2;
    }
    return report.rejected + report.rejected_before > 0 ? 3 : 0;
}

std::string render_json(const PushReport& report)
{
    std::string text = fmt::format(
        R"({{"end":"{}","lines":{},"sent":{},"accepted":{},"replayed":{},"rejected":{},)"
        R"("too_long":{},"skipped":{},"rejected_before":{},"unfinished":{},"blank":{},)"
        R"("retries":{},"bytes":{},"seconds":{:.3f},"detail":)",
        name_of(report.end), report.lines, report.sent(), report.accepted, report.replayed,
        report.rejected, report.too_long, report.skipped, report.rejected_before, report.unfinished,
        report.blank, report.retries, report.bytes, report.seconds);
    record::append_json_string(text, report.detail);
    text += R"(,"rejected_by_code":{)";
    for (const auto& [code, count] : report.rejected_by_code) {
        if (text.back() != '{') text += ',';
        record::append_json_string(text, code);
        text += fmt::format(":{}", count);
    }
    return text + "}}\n";
}

std::string render_text(const PushReport& report, const PushOptions& options)
{
    std::string text = counts_text(report);
    for (const std::string& line : report.first_rejected) text += "  " + line + "\n";
    if (report.rejected > report.first_rejected.size() && options.results_file.empty())
        text += "  … and more; --results FILE lists each of them\n";
    if (report.end == PushEnd::complete) return text;
    const std::string_view hint = hint_for(report.end);
    if (!hint.empty()) text += fmt::format("stopped: {}: {}\n", hint, report.detail);
    const bool reads_stdin = std::ranges::count(options.files, "-") > 0;
    text += reads_stdin ? "resume, with the same input, by: " : "resume with: ";
    return text + resume_command(options) + "\n";
}

}  // namespace exchange::push
