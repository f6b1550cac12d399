#include "app/ops_routes.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace exchange::app {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

const char* name(obs::Condition condition)
{
    switch (condition) {
    case obs::Condition::ok:
        return "ok";
    case obs::Condition::degraded:
        return "degraded";
    case obs::Condition::failed:
        return "failed";
    }
    return "failed";
}

using Answer = std::function<net::Response(const net::RequestHead&)>;

asio::awaitable<net::Response> answer_now(net::Response response)
{
    co_return response;
}

net::Route get(std::string path, Answer answer)
{
    net::Route route;
    route.method = "GET";
    route.path = std::move(path);
    route.handle = [answer = std::move(answer)](const net::RequestHead& head, std::string) {
        return answer_now(answer(head));
    };
    return route;
}

net::Response text(std::string body)
{
    net::Response response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

net::Response readiness(const OpsParts& parts, const net::RequestHead& head)
{
    const std::string reason = parts.not_ready();
    const bool verbose = head.query() == "verbose" || head.query().starts_with("verbose=") ||
                         head.query().starts_with("verbose&");
    net::Response response;
    if (verbose) response.body = render_health(parts.health.all(), reason);
    else response = text(reason.empty() ? "ready\n" : "not ready: " + reason + "\n");
    if (!reason.empty()) {
        response.status = 503;
        response.headers.emplace_back("Retry-After", "1");
    }
    return response;
}

// When asked, for a component that nobody asks about need not be kept.
void expose_conditions(obs::Metrics& metrics, const obs::Health& health)
{
    for (const auto& [component, status] : health.all())
        metrics
            .gauge("exchange_component_condition",
                   "State of each dependency and lane: 0 ok, 1 degraded, 2 failed",
                   {{"component", component}})
            .set(static_cast<double>(status.condition));
}

}  // namespace

std::string render_health(const std::map<std::string, obs::Status>& components,
                          const std::string& not_ready)
{
    json::array list;
    bool degraded = false;
    for (const auto& [component, status] : components) {
        json::object entry{{"name", component}, {"condition", name(status.condition)}};
        if (status.condition != obs::Condition::ok) {
            degraded = true;
            entry["cause"] = status.cause;
            entry["remedy"] = status.remedy;
        }
        list.push_back(std::move(entry));
    }
    json::object body{{"status", !not_ready.empty() ? "not_ready"
                                 : degraded         ? "degraded"
                                                    : "ok"},
                      {"ready", not_ready.empty()}};
    if (!not_ready.empty()) body["reason"] = not_ready;
    body["components"] = std::move(list);
    return json::serialize(body) + "\n";
}

std::vector<net::Route> make_ops_routes(OpsParts parts)
{
    std::vector<net::Route> routes;
    routes.push_back(get("/livez", [](const net::RequestHead&) { return text("alive\n"); }));
    routes.push_back(get("/healthz", [](const net::RequestHead&) { return text("ok\n"); }));
    routes.push_back(
        get("/readyz", [parts](const net::RequestHead& head) { return readiness(parts, head); }));
    routes.push_back(get("/metrics", [parts](const net::RequestHead&) {
        expose_conditions(parts.metrics, parts.health);
        net::Response response = text(parts.metrics.expose());
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        return response;
    }));
    return routes;
}

}  // namespace exchange::app
