#pragma once

#include "app/config.hpp"
#include "otlp/exporter.hpp"

#include <boost/asio/io_context.hpp>

#include <future>
#include <memory>
#include <string>
#include <thread>

// A tracer and the exporter that empties it, on a thread of its own. Made only where traces are on.
namespace exchange::app {

class Tracing {
public:
    Tracing(const TraceConfig& config, const std::string& instance, obs::Metrics& metrics,
            obs::Health& health);
    // Sends what is left, within seconds.
    ~Tracing();

    obs::Tracer& tracer() { return tracer_; }

private:
    obs::Tracer tracer_;
    boost::asio::io_context io_{1};
    otlp::Exporter exporter_;
    std::thread thread_;
};

// Null where no collector is set.
std::unique_ptr<Tracing> start_tracing(const TraceConfig& config, const std::string& instance,
                                       obs::Metrics& metrics, obs::Health& health);

}  // namespace exchange::app
