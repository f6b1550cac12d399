#pragma once

#include "app/config.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

// The running process: threads, roles, and the one place that says in which order things start and
// stop.
//
// Threads: `HTTP_THREADS` contexts serve HTTP and commit groups (lane l on context l mod threads);
// one more context runs relay, retention and monitors, so that publishing never delays an answer.
namespace exchange::app {

struct Roles {
    bool ingest = true;
    bool relay = true;
};

class Service {
public:
    Service(Config config, Roles roles, std::string instance);
    ~Service();

    // Serves at once: until Postgres has been reached, ingest answers 503. Blocks until the schema
    // could be read; false when it is not the one this binary knows (already logged), or `stopping`
    // was set before.
    bool start(const std::atomic<bool>& stopping);

    std::uint16_t port() const;

    // Stops accepting, answers what is under way, publishes what is waiting, gives the lanes back;
    // all within the drain budget. True when everything ended in time.
    bool stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace exchange::app
