#pragma once

#include <chrono>
#include <cstdint>

// Deadlines and waits use the steady clock; wall-clock time only labels things.
namespace exchange {

using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using Duration = SteadyClock::duration;

inline std::int64_t unix_ms_now()
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace exchange
