#pragma once

#include "base/time.hpp"
#include "obs/health.hpp"
#include "obs/metrics.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

// Whether new records are taken, decided without I/O from what a monitor reads of the backlog and
// of Postgres' disk. Intake pauses when a reading passes its limit and goes on by itself once it
// is well below (hysteresis), so that it does not flap at the limit.
//
// What cannot be read decides nothing: an open gate stays open, and a closed one stays closed until
// the reading has been missing for `forget_after`. While Postgres does not answer at all the
// monitor makes no reading, and the gate stays as it was: nothing could be committed anyway.
namespace exchange::outbox {

struct AdmissionConfig {
    // Each 0: no limit.
    double oldest_s = 24 * 3600;
    double rows = 10e6;
    double bytes = 32.0 * (1U << 30U);
    double database_bytes = 0;
    double disk_free_bytes = 0;
    Duration forget_after = std::chrono::seconds{60};
};

// Nothing: it could not be read, or is not asked for.
struct AdmissionReading {
    std::optional<double> oldest_s;
    std::optional<double> rows;
    std::optional<double> bytes;
    std::optional<double> database_bytes;
    std::optional<double> disk_free_bytes;
};

enum class AdmissionLimit : std::int8_t { oldest, rows, bytes, database_bytes, disk_free };

struct AdmissionLimitKind {
    AdmissionLimit id;
    std::string_view name;
    std::string_view setting;
    std::string_view what;
    // Intake goes on below this share of the limit. What lies on disk shrinks in large steps or
    // not at all, so there a little room must do.
    double resume_below;
    std::string_view remedy;
};

inline constexpr std::string_view relay_remedy =
    "Intake goes on by itself once the relay has caught up; see what holds it in the components "
    "kafka, raw_store and lane/<n>";
inline constexpr std::string_view disk_remedy =
    "Make room on the disk of Postgres or raise the limit; intake goes on by itself";

inline constexpr std::array<AdmissionLimitKind, 5> admission_limits{{
    {AdmissionLimit::oldest, "oldest_seconds", "ADMIT_OLDEST_SECONDS",
     "seconds that the oldest record waits for the relay", 0.8, relay_remedy},
    {AdmissionLimit::rows, "rows", "ADMIT_ROWS", "records that wait for the relay", 0.8,
     relay_remedy},
    {AdmissionLimit::bytes, "bytes", "ADMIT_BYTES", "raw bytes that wait for the relay", 0.8,
     relay_remedy},
    {AdmissionLimit::database_bytes, "database_bytes", "ADMIT_DATABASE_BYTES",
     "bytes of the database", 0.98, disk_remedy},
    {AdmissionLimit::disk_free, "disk_free_bytes", "ADMIT_DISK_FREE_BYTES",
     "bytes free on the disk of Postgres", 0.95, disk_remedy},
}};

class Admission {
public:
    explicit Admission(AdmissionConfig config);

    // One thread at a time.
    void update(const AdmissionReading& reading, TimePoint now);

    // The limit that was passed first, or nothing while records are taken. From any thread.
    const AdmissionLimitKind* paused_by() const;

    // Paused, and what is missing is room on disk. From any thread.
    bool short_of_room() const;

    // For operators; on the thread that updates.
    obs::Status status() const;
    void expose(obs::Metrics& metrics) const;

private:
    struct Valve {
        double limit = 0;
        double value = 0;
        // 1 and above: the limit is passed.
        double pressure = 0;
        bool closed = false;
        bool missing = false;
        TimePoint seen_at{};
    };

    static void turn(Valve& valve, const AdmissionLimitKind& kind, double value);

    Duration forget_after_;
    std::array<Valve, admission_limits.size()> valves_;
    std::atomic<std::int8_t> paused_by_{-1};
};

}  // namespace exchange::outbox
