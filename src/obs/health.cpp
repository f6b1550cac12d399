#include "obs/health.hpp"

#include "obs/log.hpp"

namespace exchange::obs {
namespace {

void report(Log& log, const std::string& component, const Status& status)
{
    switch (status.condition) {
    case Condition::ok:
        return log.info("dependency_ok", {{"component", component}});
    case Condition::degraded:
        return log.warn(
            "dependency_degraded",
            {{"component", component}, {"cause", status.cause}, {"remedy", status.remedy}});
    case Condition::failed:
        return log.error(
            "dependency_failed",
            {{"component", component}, {"cause", status.cause}, {"remedy", status.remedy}});
    }
}

}  // namespace

void Health::set(const std::string& component, Status status)
{
    const std::lock_guard lock{mutex_};
    const auto [place, fresh] = components_.try_emplace(component);
    if (!fresh && place->second == status) return;
    place->second = std::move(status);
    // Under the lock, so that the lines come in the order of the changes.
    report(log_, component, place->second);
}

std::map<std::string, Status> Health::all() const
{
    const std::lock_guard lock{mutex_};
    return components_;
}

}  // namespace exchange::obs
