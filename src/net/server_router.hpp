#pragma once

#include "net/server.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace exchange::net {

// Exact path, then method. HEAD is served by the path's GET.
class Router {
public:
    explicit Router(std::vector<Route> routes);
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    // Null when the path has no such method, or is unknown.
    const Route* find(std::string_view method, std::string_view path) const;

    // The value of the Allow field; empty when the path is unknown.
    std::string allowed(std::string_view path) const;

private:
    const std::vector<Route> routes_;
    std::map<std::string_view, std::vector<const Route*>> by_path_;
};

}  // namespace exchange::net
