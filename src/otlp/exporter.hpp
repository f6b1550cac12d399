#pragma once

#include "base/signal.hpp"
#include "net/client.hpp"
#include "obs/health.hpp"
#include "obs/tracer.hpp"
#include "otlp/encode.hpp"

#include <memory>
#include <string>
#include <vector>

// Sends what a tracer holds to a collector by OTLP/HTTP. A collector that is away costs spans,
// which are counted, and nothing else: whoever ends a span never waits for it.
namespace exchange::otlp {

struct ExporterConfig {
    // http(s)://host[:port][/path]; "/v1/traces" is put behind it.
    std::string endpoint;
    Resource resource;
    std::size_t batch_max = 512;
    // How often the tracer is asked. Its queue must hold what is ended meanwhile.
    Duration every = std::chrono::milliseconds{200};
    Duration request_timeout = std::chrono::seconds{3};
    // Of one batch, when it may help to try again; meanwhile the tracer's queue fills.
    int attempts_max = 4;
    Duration retry_first = std::chrono::milliseconds{200};
};

struct Endpoint {
    std::string origin;
    std::string target;
};

// Throws std::invalid_argument when it is no endpoint as above.
Endpoint parse_endpoint(const std::string& text);

class Exporter {
public:
    // Throws std::invalid_argument for a wrong endpoint.
    Exporter(boost::asio::any_io_executor executor, ExporterConfig config, obs::Tracer& tracer,
             obs::Metrics& metrics, obs::Health& health);

    // Until `stop()`; then what is left is sent, as long as the collector takes it.
    boost::asio::awaitable<void> run();
    // On the exporter's executor.
    void stop();

private:
    enum class Answer { taken, refused, away };

    boost::asio::awaitable<bool> send_all();
    boost::asio::awaitable<bool> send(std::vector<obs::Span> batch);
    boost::asio::awaitable<Answer> post(const std::string& body);
    Answer trouble(Answer answer, const std::string& cause);

    ExporterConfig config_;
    Endpoint endpoint_;
    obs::Tracer& tracer_;
    obs::Health& health_;
    obs::Counter exported_;
    obs::Counter failed_;
    std::unique_ptr<net::Client> client_;
    Signal wake_;
    bool stopping_ = false;
};

}  // namespace exchange::otlp
