#include "base/failpoint.hpp"

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>
#include <vector>

namespace exchange {

namespace detail {

constinit std::atomic<ArmedFailpoints::Plan*> armed_failpoints = nullptr;

}  // namespace detail

namespace {

enum class Action { crash, error, delay, stop };

struct Rule {
    std::string site;
    Action action = Action::crash;
    std::chrono::milliseconds delay{};
    std::uint64_t at_hit = 1;
};

std::invalid_argument wrong(std::string_view entry)
{
    return std::invalid_argument{"the failpoint \"" + std::string{entry} +
                                 "\" is not valid. Hint: site=crash, error, delay:MS or stop, then "
                                 "@n for the n-th hit; or count=FILE"};
}

std::uint64_t number(std::string_view text, std::string_view entry)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0) throw wrong(entry);
    return value;
}

Rule parse_rule(std::string_view site, std::string_view what, std::string_view entry)
{
    Rule rule;
    rule.site = site;
    if (const std::size_t at = what.find('@'); at != std::string_view::npos) {
        rule.at_hit = number(what.substr(at + 1), entry);
        what = what.substr(0, at);
    }
    constexpr std::string_view delay = "delay:";
    if (what == "crash") rule.action = Action::crash;
    else if (what == "error") rule.action = Action::error;
    else if (what == "stop") rule.action = Action::stop;
    else if (what.starts_with(delay)) {
        rule.action = Action::delay;
        rule.delay = std::chrono::milliseconds{number(what.substr(delay.size()), entry)};
    } else throw wrong(entry);
    return rule;
}

}  // namespace

struct ArmedFailpoints::Plan {
    std::vector<Rule> rules;
    std::string count_path;
    std::mutex mutex;
    std::map<std::string, std::uint64_t, std::less<>> hits;

    explicit Plan(std::string_view description)
    {
        while (!description.empty()) {
            const std::string_view entry = description.substr(0, description.find(','));
            description.remove_prefix(std::min(description.size(), entry.size() + 1));
            const std::size_t equals = entry.find('=');
            if (equals == std::string_view::npos || equals == 0) throw wrong(entry);
            const std::string_view what = entry.substr(equals + 1);
            if (entry.substr(0, equals) == "count") count_path = what;
            else rules.push_back(parse_rule(entry.substr(0, equals), what, entry));
        }
    }

    std::optional<Rule> count(std::string_view site)
    {
        const std::lock_guard lock{mutex};
        auto found = hits.find(site);
        if (found == hits.end()) found = hits.emplace(site, 0).first;
        ++found->second;
        for (const Rule& rule : rules)
            if (rule.site == site && rule.at_hit == found->second) return rule;
        return std::nullopt;
    }

    void write_counts()
    {
        if (count_path.empty()) return;
        const std::lock_guard lock{mutex};
        std::ofstream out{count_path};
        for (const auto& [site, times] : hits) out << site << ' ' << times << '\n';
    }
};

ArmedFailpoints::ArmedFailpoints(std::string_view description)
{
    if (description.empty()) return;
    plan_ = std::make_unique<Plan>(description);
    Plan* none = nullptr;
    if (!detail::armed_failpoints.compare_exchange_strong(none, plan_.get()))
        throw std::logic_error{"failpoints are armed already"};
}

ArmedFailpoints::~ArmedFailpoints()
{
    if (!plan_) return;
    detail::armed_failpoints = nullptr;
    plan_->write_counts();
}

void detail::hit_failpoint(std::string_view site)
{
    ArmedFailpoints::Plan* const plan = armed_failpoints.load();
    if (!plan) return;
    const std::optional<Rule> rule = plan->count(site);
    if (!rule) return;
    switch (rule->action) {
    case Action::crash:
        _exit(137);
    case Action::error:
        throw InjectedFault{"an error was injected at " + std::string{site}};
    case Action::delay:
        std::this_thread::sleep_for(rule->delay);
        return;
    case Action::stop:
        ::kill(::getpid(), SIGSTOP);
        return;
    }
}

}  // namespace exchange
