#include "app/intake_monitor.hpp"

#include "outbox/backlog.hpp"
#include "pg/errors.hpp"

#include <filesystem>

namespace exchange::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

IntakeMonitor::IntakeMonitor(asio::any_io_executor executor, MonitorParts parts,
                             outbox::Admission& admission)
    : parts_{parts},
      admission_{admission},
      session_{executor, parts.config.postgres},
      wake_{executor}
{
}

void IntakeMonitor::stop()
{
    stopping_ = true;
    wake_.notify();
}

asio::awaitable<bool> IntakeMonitor::watch()
{
    while (!stopping_) {
        try {
            co_await look();
        } catch (const pg::Unavailable&) {
            // Postgres is away: its own watch says so. The gate and the gauges stay as they are.
        }
        co_await wake_.wait_until(SteadyClock::now() + 1s);
    }
    co_return true;
}

asio::awaitable<void> IntakeMonitor::look()
{
    outbox::AdmissionReading reading;
    co_await read_backlog(reading);
    co_await read_disk(reading);
    admission_.update(reading, SteadyClock::now());
    admission_.expose(parts_.metrics);
    parts_.health.set("intake", admission_.status());
}

asio::awaitable<void> IntakeMonitor::read_backlog(outbox::AdmissionReading& reading)
{
    try {
        const auto backlog = co_await outbox::read_backlog(session_, SteadyClock::now() + 10s);
        outbox::expose(parts_.metrics, backlog);
        double oldest_s = 0;
        double rows = 0;
        double bytes = 0;
        for (const outbox::LaneBacklog& lane : backlog) {
            oldest_s = std::max(oldest_s, lane.oldest_s);
            rows += static_cast<double>(lane.rows);
            bytes += lane.bytes;
        }
        reading.oldest_s = oldest_s;
        reading.rows = rows;
        reading.bytes = bytes;
    } catch (const pg::Refused& refused) {
        parts_.log.warn("backlog_not_read", {{"cause", refused.what()}});
    }
}

asio::awaitable<void> IntakeMonitor::read_disk(outbox::AdmissionReading& reading)
{
    if (parts_.config.admission.database_bytes > 0) {
        try {
            reading.database_bytes =
                co_await outbox::database_bytes(session_, SteadyClock::now() + 10s);
            parts_.metrics
                .gauge("exchange_postgres_database_bytes",
                       "What the database takes on its server's disk, without WAL")
                .set(*reading.database_bytes);
        } catch (const pg::Refused& refused) {
            parts_.log.warn("database_size_not_read", {{"cause", refused.what()}});
        }
    }
    if (parts_.config.disk_path.empty()) co_return;
    auto free = [path = parts_.config.disk_path] {
        return static_cast<double>(std::filesystem::space(path).available);
    };
    try {
        reading.disk_free_bytes = co_await disk_.run(std::move(free), SteadyClock::now() + 5s);
        parts_.metrics
            .gauge("exchange_postgres_disk_free_bytes", "Free bytes where ADMIT_DISK_PATH leads")
            .set(*reading.disk_free_bytes);
    } catch (const std::exception& failure) {
        parts_.log.warn("disk_not_read", {{"cause", failure.what()}});
    }
}

}  // namespace exchange::app
