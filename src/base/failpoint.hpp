#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

// Named places where a test may make the process fail, so that every gap between two effects can be
// hit on purpose. They are in every build: off, one costs a relaxed load and a branch.
//
// What happens is described by a text, `site=action[:value]@n`, comma-separated; `@n` is the n-th
// time that the site is reached (1 when it is left out), once.
//
//   crash      the process ends at once, with status 137, as after kill -9
//   error      InjectedFault is thrown
//   delay:MS   the thread stands still for so long, and with it all that its loop serves
//   stop       the whole process stops, as by SIGSTOP, until it gets SIGCONT
//
// `count=FILE` writes "site hits" lines to a file when the faults are disarmed.
namespace exchange {

class InjectedFault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Arms the failpoints of this process for as long as it lives; at most one at a time.
class ArmedFailpoints {
public:
    // An empty description arms nothing. Throws std::invalid_argument for one that makes no sense.
    explicit ArmedFailpoints(std::string_view description);
    ~ArmedFailpoints();
    ArmedFailpoints(const ArmedFailpoints&) = delete;
    ArmedFailpoints& operator=(const ArmedFailpoints&) = delete;

    struct Plan;

private:
    std::unique_ptr<Plan> plan_;
};

namespace detail {

// The one state of the whole process that is not handed down: a failpoint that had to be passed to
// each place would be in nobody's way but in everybody's constructor.
extern std::atomic<ArmedFailpoints::Plan*> armed_failpoints;

void hit_failpoint(std::string_view site);

}  // namespace detail

// From any thread. `site` is "module/place".
inline void failpoint(std::string_view site)
{
    if (detail::armed_failpoints.load(std::memory_order_relaxed)) [[unlikely]]
        detail::hit_failpoint(site);
}

}  // namespace exchange
