#include "otlp/exporter.hpp"

#include "base/backoff.hpp"
#include "net/origin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace exchange::otlp {

namespace asio = boost::asio;

namespace {

constexpr const char* component = "traces";
constexpr const char* remedy =
    "Start the collector or correct OTEL_EXPORTER_OTLP_ENDPOINT. Spans are dropped meanwhile; "
    "nothing else depends on it";

// What the specification calls retryable.
bool may_pass(unsigned status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

Endpoint parse_endpoint(const std::string& text)
{
    const std::size_t authority = text.find("://");
    const std::size_t path =
        authority == text.npos ? text.npos : std::min(text.find('/', authority + 3), text.size());
    Endpoint endpoint;
    endpoint.origin = net::parse_origin(std::string_view{text}.substr(0, path)).text();
    endpoint.target = text.substr(path);
    if (endpoint.target.ends_with('/')) endpoint.target.pop_back();
    const auto plain = [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; };
    if (!std::ranges::all_of(endpoint.target, plain))
        throw std::invalid_argument{"an OTLP endpoint has neither query nor blanks"};
    endpoint.target.append("/v1/traces");
    return endpoint;
}

Exporter::Exporter(asio::any_io_executor executor, ExporterConfig config, obs::Tracer& tracer,
                   obs::Metrics& metrics, obs::Health& health)
    : config_{std::move(config)},
      endpoint_{parse_endpoint(config_.endpoint)},
      tracer_{tracer},
      health_{health},
      exported_{
          metrics.counter("exchange_traces_exported_spans_total", "Spans that the collector took")},
      failed_{obs::dropped_spans(metrics, "export_failed")},
      client_{net::make_client(executor, endpoint_.origin, 1)},
      wake_{executor}
{
}

void Exporter::stop()
{
    stopping_ = true;
    wake_.notify();
}

asio::awaitable<void> Exporter::run()
{
    while (!stopping_) {
        co_await wake_.wait_until(SteadyClock::now() + config_.every);
        co_await send_all();
    }
    if (co_await send_all()) co_return;
    failed_.add(static_cast<double>(tracer_.take(obs::Tracer::queue_max).size()));
}

// False when it ended for a batch that could not be sent.
asio::awaitable<bool> Exporter::send_all()
{
    while (true) {
        std::vector<obs::Span> batch = tracer_.take(config_.batch_max);
        if (batch.empty()) co_return true;
        if (!co_await send(std::move(batch))) co_return false;
    }
}

asio::awaitable<bool> Exporter::send(std::vector<obs::Span> batch)
{
    const auto spans = static_cast<double>(batch.size());
    const std::string body = encode(config_.resource, batch);
    batch = {};
    Backoff backoff{config_.retry_first, std::chrono::seconds{5}};
    for (int attempt = 1;; ++attempt) {
        const Answer answer = co_await post(body);
        if (answer == Answer::taken) {
            exported_.add(spans);
            health_.ok(component);
            co_return true;
        }
        if (answer == Answer::refused || attempt >= config_.attempts_max || stopping_) break;
        co_await wake_.wait_until(SteadyClock::now() + backoff.pause());
    }
    failed_.add(spans);
    co_return false;
}

asio::awaitable<Exporter::Answer> Exporter::post(const std::string& body)
{
    net::ClientRequest request;
    request.method = "POST";
    request.target = endpoint_.target;
    request.headers.emplace_back("Content-Type", "application/x-protobuf");
    request.body = body;
    request.response_bytes_max = 64 * 1024;
    try {
        const net::ClientResponse response = co_await client_->send(
            std::move(request), SteadyClock::now() + config_.request_timeout);
        if (response.status / 100 == 2) co_return Answer::taken;
        co_return trouble(may_pass(response.status) ? Answer::away : Answer::refused,
                          fmt::format("the collector answers {}", response.status));
    } catch (const std::exception& failure) {
        co_return trouble(Answer::away, failure.what());
    }
}

Exporter::Answer Exporter::trouble(Answer answer, const std::string& cause)
{
    health_.set(component, {obs::Condition::degraded, cause, remedy});
    return answer;
}

}  // namespace exchange::otlp
