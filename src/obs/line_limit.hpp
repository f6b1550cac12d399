#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

// Which lines of one kind go into the log when there may be thousands a second: the first few of
// each second, and with the next one how many were left out. Thread-safe.
namespace exchange::obs {

class LineLimit {
public:
    // Nothing: the line is to be left out. Otherwise how many were since the last one written.
    std::optional<std::uint64_t> admit(TimePoint now, unsigned lines_per_s)
    {
        const std::lock_guard lock{mutex_};
        if (now - began_ >= std::chrono::seconds{1}) {
            began_ = now;
            written_ = 0;
        }
        if (written_ >= lines_per_s) {
            ++left_out_;
            return std::nullopt;
        }
        ++written_;
        return std::exchange(left_out_, 0);
    }

private:
    std::mutex mutex_;
    // Before any clock began, so that the first line begins a second of its own.
    TimePoint began_ = TimePoint{} - std::chrono::hours{1};
    unsigned written_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace exchange::obs
