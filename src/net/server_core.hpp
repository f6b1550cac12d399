#pragma once

#include "net/server.hpp"
#include "net/server_router.hpp"

#include <atomic>
#include <cstddef>
#include <utility>

namespace exchange::net {

// What the connections of all contexts share.
struct ServerCore {
    ServerCore(ServerLimits the_limits, std::vector<Route> routes, ErrorRenderer renderer)
        : limits{the_limits}, router{std::move(routes)}, render_error{std::move(renderer)}
    {
    }

    const ServerLimits limits;
    const Router router;
    const ErrorRenderer render_error;
    std::atomic<bool> draining = false;
    // Accept loops not yet ended.
    std::atomic<std::size_t> listeners = 0;
    // Each on its own cache line: every request of every thread writes here.
    alignas(64) std::atomic<std::size_t> connections = 0;
    alignas(64) std::atomic<std::size_t> body_bytes = 0;
};

// One request's part of the body budget, given back when it goes.
class BodyShare {
public:
    explicit BodyShare(ServerCore& core) : core_{core} {}
    BodyShare(const BodyShare&) = delete;
    BodyShare& operator=(const BodyShare&) = delete;
    ~BodyShare() { give_back(); }

    // False, and nothing more taken, when the budget does not have what is missing to `bytes`.
    bool grow_to(std::size_t bytes)
    {
        if (bytes <= bytes_) return true;
        const std::size_t more = bytes - bytes_;
        const std::size_t before = core_.body_bytes.fetch_add(more);
        const std::size_t budget = core_.limits.body_budget_bytes;
        if (before > budget || more > budget - before) {
            core_.body_bytes.fetch_sub(more);
            return false;
        }
        bytes_ = bytes;
        return true;
    }

    void give_back()
    {
        if (bytes_ > 0) core_.body_bytes.fetch_sub(std::exchange(bytes_, 0));
    }

private:
    ServerCore& core_;
    std::size_t bytes_ = 0;
};

}  // namespace exchange::net
