#pragma once

#include "app/monitors.hpp"
#include "base/blocking_pool.hpp"
#include "outbox/admission.hpp"

// Reads each second how far the lanes are behind and how full Postgres' disk is, shows it as
// gauges, and moves the gate of intake (outbox/admission.hpp). In every process, on the relay's
// executor: no request ever asks.
namespace exchange::app {

class IntakeMonitor {
public:
    // `admission` must outlive this.
    IntakeMonitor(boost::asio::any_io_executor executor, MonitorParts parts,
                  outbox::Admission& admission);

    // Until `stop()`.
    boost::asio::awaitable<bool> watch();
    void stop();

private:
    boost::asio::awaitable<void> look();
    boost::asio::awaitable<void> read_backlog(outbox::AdmissionReading& reading);
    boost::asio::awaitable<void> read_disk(outbox::AdmissionReading& reading);

    MonitorParts parts_;
    outbox::Admission& admission_;
    pg::Session session_;
    BlockingPool disk_{"disk", 1, 2};
    Signal wake_;
    bool stopping_ = false;
};

}  // namespace exchange::app
