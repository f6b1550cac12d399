#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

// Deadlines and waits use the steady clock; wall-clock time only labels things.
namespace exchange {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Time as a simulation tells it (tests/sim): it stands still while code runs and jumps to the next
// moment that somebody waits for.
class DrivenTime {
public:
    virtual ~DrivenTime() = default;
    virtual TimePoint now() const = 0;
    // Calls `wake` once, when that moment has come.
    virtual void call_at(TimePoint moment, std::function<void()> wake) = 0;
};

namespace detail {

// Set on the thread of a simulation only. Not handed down, as everything that waits would need it.
inline constinit thread_local DrivenTime* driven_time = nullptr;

}  // namespace detail

struct SteadyClock {
    static TimePoint now()
    {
        if (detail::driven_time) [[unlikely]]
            return detail::driven_time->now();
        return std::chrono::steady_clock::now();
    }
};

// As metrics want it.
inline double seconds_since(TimePoint moment)
{
    return std::chrono::duration<double>(SteadyClock::now() - moment).count();
}

inline std::int64_t unix_us_now()
{
    using namespace std::chrono;
    const auto since = detail::driven_time ? detail::driven_time->now().time_since_epoch()
                                           : system_clock::now().time_since_epoch();
    return duration_cast<microseconds>(since).count();
}

inline std::int64_t unix_ms_now()
{
    return unix_us_now() / 1000;
}

}  // namespace exchange
