#include "outbox/topic_watch.hpp"

namespace exchange::outbox {

std::set<std::string> TopicWatch::next(const std::set<std::string>& missing, TimePoint now)
{
    std::erase_if(since_, [&](const auto& entry) { return !missing.contains(entry.first); });
    std::set<std::string> lasting;
    for (const std::string& topic : missing)
        if (now - since_.try_emplace(topic, now).first->second >= grace_) lasting.insert(topic);
    return lasting;
}

}  // namespace exchange::outbox
