#pragma once

#include "base/time.hpp"
#include "push/push.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

// How far a push is, for people.
namespace exchange::push {

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number);
// 42 s, 3:07, 2:05:09
std::string clock_text(double seconds);

// Speed over the last few seconds, so that an outage or a resumed run does not spoil it for long.
class Speedometer {
public:
    void sample(TimePoint now, std::uint64_t lines, std::uint64_t bytes);
    double lines_per_second() const;
    double bytes_per_second() const;

private:
    struct Sample {
        TimePoint at;
        std::uint64_t lines = 0;
        std::uint64_t bytes = 0;
    };
    double seconds() const;

    std::deque<Sample> samples_;
};

struct ProgressView {
    std::uint64_t lines = 0;
    std::uint64_t rejected = 0;
    double lines_per_second = 0;
    // Part of the input's bytes that is settled, 0 to 1; nothing when its size is not known.
    std::optional<double> part;
    std::optional<double> seconds_left;
    // Why nothing moves; empty when it does.
    std::string waiting_for;
};

ProgressView view_of(const PushReport& report, const Speedometer& speed,
                     std::optional<std::uint64_t> bytes_total, std::string waiting_for);

// One line without its end; at most `width` columns.
std::string render_bar(const ProgressView& view, std::size_t width);
std::string render_progress_line(const ProgressView& view);

// Draws on standard error in the style asked for.
class ProgressMeter {
public:
    ProgressMeter(ProgressStyle style, std::optional<std::uint64_t> bytes_total)
        : style_{style}, bytes_total_{bytes_total}
    {
    }
    // Five times a second.
    void tick(TimePoint now, const PushReport& report, std::string waiting_for);
    // Leaves the line free for what comes next.
    void finish();

private:
    ProgressStyle style_;
    std::optional<std::uint64_t> bytes_total_;
    Speedometer speed_;
    std::optional<TimePoint> next_line_;
    bool drawn_ = false;
};

}  // namespace exchange::push
