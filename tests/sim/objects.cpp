#include "sim/objects.hpp"

#include "crypto/digest.hpp"

namespace exchange::sim {

namespace asio = boost::asio;
using objects::StoreError;
using objects::StoreFault;

namespace {

[[noreturn]] void unexpected()
{
    throw std::logic_error{"the relay only stores"};
}

}  // namespace

bool Objects::put(const std::string& place, const std::string& body, const objects::Sha256& sha256)
{
    if (crypto::sha256(body) != sha256) return false;
    if (const auto known = bodies_.find(place); known != bodies_.end()) {
        world_.count("bundle stored again");
        if (known->second != body) world_.violated("one object was stored with two contents");
    }
    bodies_[place] = body;
    return true;
}

const std::string* Objects::find(const std::string& place) const
{
    const auto found = bodies_.find(place);
    return found == bodies_.end() ? nullptr : &found->second;
}

asio::awaitable<void> SimRawStore::put(std::string key, std::string_view body,
                                       objects::Sha256 sha256, TimePoint deadline)
{
    const std::string place = bucket_ + "/" + key;
    const auto serve = [store = &objects_, place, body = std::string{body},
                        sha256](const Responder<bool>& answer) {
        answer(store->put(place, body, sha256));
    };
    if (objects_.world().plan.variant == Variant::store_after_publish) {
        objects_.world().timeline.after(std::chrono::milliseconds{20},
                                        [store = &objects_, key, body = std::string{body}, sha256] {
                                            store->put(key, body, sha256);
                                        });
        co_return;
    }
    const std::optional<bool> stored =
        co_await request<bool>(objects_.world(), objects_.link(), deadline, serve);
    if (!stored) throw StoreError{StoreFault::unavailable, "simulated: no answer from the store"};
    if (!*stored) throw StoreError{StoreFault::corrupted, "simulated: other bytes arrived"};
}

asio::awaitable<std::string> SimRawStore::get(std::string, std::uint64_t, std::uint64_t, TimePoint)
{
    unexpected();
}

asio::awaitable<std::optional<objects::ObjectInfo>> SimRawStore::head(std::string, TimePoint)
{
    unexpected();
}

asio::awaitable<std::vector<objects::ObjectInfo>> SimRawStore::list(std::string, std::string,
                                                                    TimePoint)
{
    unexpected();
}

asio::awaitable<void> SimRawStore::remove(std::string, TimePoint)
{
    unexpected();
}

asio::awaitable<void> SimRawStore::probe(TimePoint)
{
    unexpected();
}

}  // namespace exchange::sim
