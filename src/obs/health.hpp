#pragma once

#include <map>
#include <mutex>
#include <string>

// What each dependency and lane is doing, as /readyz?verbose shows it. Thread-safe. Each change of
// state or cause is also one log line.
namespace exchange::obs {

class Log;

enum class Condition { ok, degraded, failed };

struct Status {
    Condition condition = Condition::ok;
    // One line each; empty when ok.
    std::string cause;
    std::string remedy;
    bool operator==(const Status&) const = default;
};

class Health {
public:
    explicit Health(Log& log) : log_{log} {}

    // `component`: postgres, kafka, topic/<name>, raw_store, lane/<n>, …
    void set(const std::string& component, Status status);
    void ok(const std::string& component) { set(component, Status{}); }

    std::map<std::string, Status> all() const;

private:
    Log& log_;
    mutable std::mutex mutex_;
    std::map<std::string, Status> components_;
};

}  // namespace exchange::obs
