#pragma once

#include "objects/raw_store.hpp"
#include "sim/link.hpp"

#include <map>

// The raw store of a simulated run: what it acknowledged stays.
namespace exchange::sim {

class Objects {
public:
    explicit Objects(World& world) : world_{world}, link_{world.plan.store} {}

    Link& link() { return link_; }
    World& world() { return world_; }

    bool put(const std::string& place, const std::string& body, const objects::Sha256& sha256);
    // Null when there is none. A place is bucket/key.
    const std::string* find(const std::string& place) const;

private:
    World& world_;
    Link link_;
    std::map<std::string, std::string> bodies_;
};

// The port. The relay only puts; everything else is a programming error here.
class SimRawStore final : public objects::RawStore {
public:
    SimRawStore(Objects& store, std::string bucket) : objects_{store}, bucket_{std::move(bucket)} {}

    boost::asio::awaitable<void> put(std::string key, std::string_view body, objects::Sha256 sha256,
                                     TimePoint deadline) override;
    boost::asio::awaitable<std::string> get(std::string key, std::uint64_t offset,
                                            std::uint64_t length, TimePoint deadline) override;
    boost::asio::awaitable<std::optional<objects::ObjectInfo>> head(std::string key,
                                                                    TimePoint deadline) override;
    boost::asio::awaitable<std::vector<objects::ObjectInfo>>
    list(std::string prefix, std::string after, TimePoint deadline) override;
    boost::asio::awaitable<void> remove(std::string key, TimePoint deadline) override;
    boost::asio::awaitable<void> probe(TimePoint deadline) override;
    std::string bucket() const override { return bucket_; }

private:
    Objects& objects_;
    std::string bucket_;
};

}  // namespace exchange::sim
