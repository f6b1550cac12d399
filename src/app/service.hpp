#pragma once

#include "app/config.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
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

enum class Wanted : std::uint8_t {
    run,
    // With the layout of lanes that there is by now.
    begin_again,
    stop,
};

class Service {
public:
    // `layout_changed` is called, on one of its threads, once another layout of lanes than the one
    // it began with is found: it can do nothing from then on.
    Service(Config config, Roles roles, std::string instance, std::function<void()> layout_changed);
    ~Service();

    // Serves at once: until Postgres has been reached, ingest answers 503. Blocks until the schema
    // could be read; false when it is not the one this binary knows (already logged), or to stop
    // was wanted before.
    bool start(const std::atomic<Wanted>& wanted);

    std::uint16_t port() const;

    // Stops accepting, answers what is under way, publishes what is waiting unless its lanes are
    // of another layout, gives the lanes back; all within the drain budget. True when everything
    // ended in time.
    bool stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace exchange::app
