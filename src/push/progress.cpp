#include "push/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace exchange::push {
namespace {

using namespace std::chrono_literals;

constexpr auto speed_window = 5s;
constexpr auto line_interval = 10s;
constexpr std::size_t bar_cells = 24;
constexpr std::size_t width_unknown = 80;

std::size_t terminal_width()
{
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return width_unknown;
    return size.ws_col;
}

std::string render_tail(const ProgressView& view)
{
    std::string text = fmt::format("{} lines  {}/s", grouped(view.lines),
                                   grouped(static_cast<std::uint64_t>(view.lines_per_second)));
    if (view.seconds_left) text += "  ETA " + clock_text(*view.seconds_left);
    if (view.rejected > 0) text += "  rejected " + grouped(view.rejected);
    if (!view.waiting_for.empty()) text += "  waiting: " + view.waiting_for;
    return text;
}

int percent(double part)
{
    return static_cast<int>(part * 100);
}

}  // namespace

std::string grouped(std::uint64_t number)
{
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; text.insert(at, 1, ',')) at -= 3;
    return text;
}

std::string clock_text(double seconds)
{
    const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

void Speedometer::sample(TimePoint now, std::uint64_t lines, std::uint64_t bytes)
{
    samples_.push_back({now, lines, bytes});
    while (samples_.size() > 2 && now - samples_.front().at > speed_window) samples_.pop_front();
}

double Speedometer::seconds() const
{
    if (samples_.size() < 2) return 0;
    return std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
}

double Speedometer::lines_per_second() const
{
    const double span = seconds();
    if (span <= 0) return 0;
    return static_cast<double>(samples_.back().lines - samples_.front().lines) / span;
}

double Speedometer::bytes_per_second() const
{
    const double span = seconds();
    if (span <= 0) return 0;
    return static_cast<double>(samples_.back().bytes - samples_.front().bytes) / span;
}

ProgressView view_of(const PushReport& report, const Speedometer& speed,
                     std::optional<std::uint64_t> bytes_total, std::string waiting_for)
{
    ProgressView view;
    view.lines = report.settled();
    view.rejected = report.rejected + report.rejected_before;
    view.lines_per_second = speed.lines_per_second();
    view.waiting_for = std::move(waiting_for);
    if (!bytes_total || *bytes_total == 0) return view;
    const auto total = static_cast<double>(*bytes_total);
    const double done = std::min(static_cast<double>(report.bytes), total);
    view.part = done / total;
    const double speed_now = speed.bytes_per_second();
    if (speed_now > 0) view.seconds_left = (total - done) / speed_now;
    return view;
}

std::string render_bar(const ProgressView& view, std::size_t width)
{
    std::string text;
    if (view.part) {
        const auto filled = static_cast<std::size_t>(*view.part * bar_cells);
        text = fmt::format("[{}{}] {:3} %  ", std::string(filled, '#'),
                           std::string(bar_cells - filled, '.'), percent(*view.part));
    }
    text += render_tail(view);
    // The terminal must not wrap it: the next one could not be drawn over it.
    if (text.size() > width) text.resize(width);
    return text;
}

std::string render_progress_line(const ProgressView& view)
{
    return (view.part ? fmt::format("{} %  ", percent(*view.part)) : std::string{}) +
           render_tail(view);
}

void ProgressMeter::tick(TimePoint now, const PushReport& report, std::string waiting_for)
{
    if (style_ == ProgressStyle::none) return;
    speed_.sample(now, report.settled(), report.bytes);
    if (!next_line_) next_line_ = now + line_interval;
    const ProgressView view = view_of(report, speed_, bytes_total_, std::move(waiting_for));
    if (style_ == ProgressStyle::bar) {
        fmt::print(stderr, "\r{}\x1b[K", render_bar(view, terminal_width() - 1));
        std::fflush(stderr);
        drawn_ = true;
    } else if (now >= *next_line_) {
        fmt::print(stderr, "{}\n", render_progress_line(view));
        *next_line_ += line_interval;
    }
}

void ProgressMeter::finish()
{
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace exchange::push
