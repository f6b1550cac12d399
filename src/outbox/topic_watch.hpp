#pragma once

#include "base/time.hpp"

#include <map>
#include <set>
#include <string>

// Which topics are missing for good, and not for a blip: the broker that was asked may not know a
// new topic yet, or have forgotten one while it starts. Pure.
namespace exchange::outbox {

class TopicWatch {
public:
    explicit TopicWatch(Duration grace) : grace_{grace} {}

    // What a broker that answered said just now. Answers those that every answer of the last
    // `grace` called missing.
    std::set<std::string> next(const std::set<std::string>& missing, TimePoint now);

private:
    Duration grace_;
    std::map<std::string, TimePoint> since_;
};

}  // namespace exchange::outbox
