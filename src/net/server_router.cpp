#include "net/server_router.hpp"

#include <utility>

namespace exchange::net {

Router::Router(std::vector<Route> routes) : routes_{std::move(routes)}
{
    for (const Route& route : routes_) by_path_[route.path].push_back(&route);
}

const Route* Router::find(std::string_view method, std::string_view path) const
{
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) return nullptr;
    const Route* get = nullptr;
    for (const Route* route : found->second) {
        if (route->method == method) return route;
        if (route->method == "GET") get = route;
    }
    return method == "HEAD" ? get : nullptr;
}

std::string Router::allowed(std::string_view path) const
{
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) return {};
    std::string methods;
    for (const Route* route : found->second) {
        if (!methods.empty()) methods += ", ";
        methods += route->method;
        if (route->method == "GET") methods += ", HEAD";
    }
    return methods;
}

}  // namespace exchange::net
