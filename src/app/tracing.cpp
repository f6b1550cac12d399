#include "app/tracing.hpp"

#include "app/version.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

namespace exchange::app {

namespace asio = boost::asio;

namespace {

otlp::ExporterConfig exporter_config(const TraceConfig& config, const std::string& instance)
{
    otlp::ExporterConfig made;
    made.endpoint = config.endpoint;
    made.resource = {config.service_name, version, instance};
    return made;
}

}  // namespace

Tracing::Tracing(const TraceConfig& config, const std::string& instance, obs::Metrics& metrics,
                 obs::Health& health)
    : tracer_{config.sampler, std::make_unique<SystemRandom>(), metrics},
      exporter_{io_.get_executor(), exporter_config(config, instance), tracer_, metrics, health}
{
    asio::co_spawn(io_, exporter_.run(), asio::detached);
    // Ends when the exporter has: nothing else works there.
    thread_ = std::thread{[this] { io_.run(); }};
}

Tracing::~Tracing()
{
    asio::post(io_, [this] { exporter_.stop(); });
    thread_.join();
}

std::unique_ptr<Tracing> start_tracing(const TraceConfig& config, const std::string& instance,
                                       obs::Metrics& metrics, obs::Health& health)
{
    if (config.endpoint.empty()) return nullptr;
    return std::make_unique<Tracing>(config, instance, metrics, health);
}

}  // namespace exchange::app
