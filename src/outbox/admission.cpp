#include "outbox/admission.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exchange::outbox {

Admission::Admission(AdmissionConfig config) : forget_after_{config.forget_after}
{
    const std::array limits{config.oldest_s, config.rows, config.bytes, config.database_bytes,
                            config.disk_free_bytes};
    for (std::size_t at = 0; at < valves_.size(); ++at) valves_.at(at).limit = limits.at(at);
}

// Free disk is the one reading that is passed from above.
void Admission::turn(Valve& valve, const AdmissionLimitKind& kind, double value)
{
    valve.value = value;
    valve.pressure = kind.id == AdmissionLimit::disk_free ? valve.limit / std::max(value, 1.0)
                                                          : value / valve.limit;
    if (valve.pressure >= 1) valve.closed = true;
    else if (valve.pressure < kind.resume_below) valve.closed = false;
}

void Admission::update(const AdmissionReading& reading, TimePoint now)
{
    const std::array readings{reading.oldest_s, reading.rows, reading.bytes, reading.database_bytes,
                              reading.disk_free_bytes};
    std::int8_t paused_by = -1;
    for (std::size_t at = 0; at < valves_.size(); ++at) {
        Valve& valve = valves_.at(at);
        if (valve.limit <= 0) continue;
        const auto& value = readings.at(at);
        valve.missing = !value;
        if (value) {
            turn(valve, admission_limits.at(at), *value);
            valve.seen_at = now;
        } else if (now - valve.seen_at > forget_after_) {
            valve.closed = false;
        }
        if (valve.closed && paused_by < 0) paused_by = static_cast<std::int8_t>(at);
    }
    paused_by_ = paused_by;
}

const AdmissionLimitKind* Admission::paused_by() const
{
    const std::int8_t at = paused_by_;
    return at < 0 ? nullptr : &admission_limits.at(static_cast<std::size_t>(at));
}

bool Admission::short_of_room() const
{
    const AdmissionLimitKind* kind = paused_by();
    return kind != nullptr &&
           (kind->id == AdmissionLimit::database_bytes || kind->id == AdmissionLimit::disk_free);
}

obs::Status Admission::status() const
{
    obs::Status status;
    if (const AdmissionLimitKind* kind = paused_by()) {
        const Valve& valve = valves_.at(static_cast<std::size_t>(kind->id));
        // Without the reading, which moves each second: every change of text is a line in the log.
        status.condition = obs::Condition::failed;
        status.cause =
            fmt::format("new records are refused: {} {} ({})",
                        kind->id == AdmissionLimit::disk_free ? "less than" : "more than",
                        fmt::format("{:.0f} {}", valve.limit, kind->what), kind->setting);
        status.remedy = kind->remedy;
        return status;
    }
    for (const AdmissionLimitKind& kind : admission_limits) {
        if (!valves_.at(static_cast<std::size_t>(kind.id)).missing) continue;
        status.condition = obs::Condition::degraded;
        status.cause = fmt::format("{} cannot be read, so {} is not held", kind.what, kind.setting);
        status.remedy = fmt::format("See the log for the cause, or set {}=0", kind.setting);
    }
    return status;
}

void Admission::expose(obs::Metrics& metrics) const
{
    metrics.gauge("exchange_ingest_paused", "1 while new records are refused for a passed limit")
        .set(paused_by() == nullptr ? 0 : 1);
    for (const AdmissionLimitKind& kind : admission_limits) {
        const Valve& valve = valves_.at(static_cast<std::size_t>(kind.id));
        if (valve.limit <= 0) continue;
        metrics
            .gauge("exchange_ingest_limit_ratio",
                   "How near each limit of intake is; intake pauses at 1",
                   {{"limit", std::string{kind.name}}})
            .set(valve.pressure);
    }
}

}  // namespace exchange::outbox
