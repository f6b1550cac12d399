#include "objects/probe.hpp"

#include "base/hex.hpp"
#include "base/random.hpp"
#include "crypto/digest.hpp"

namespace exchange::objects {

boost::asio::awaitable<void> probe_store(RawStore& store, TimePoint deadline)
{
    SystemRandom random;
    std::array<std::uint8_t, 16> name{};
    random.fill(name);
    const std::string key = ".probe/" + to_hex(name);
    const std::string body = "May this process write, read and remove objects?";
    const Sha256 sha256 = crypto::sha256(body);
    co_await store.put(key, body, sha256, deadline);
    const std::string back = co_await store.get(key, 0, body.size(), deadline);
    if (back != body)
        throw StoreError{StoreFault::corrupted,
                         store.bucket() + ": an object came back changed. Hint: do not use this "
                                          "store; look for caches and proxies before it."};
    co_await store.remove(key, deadline);
}

}  // namespace exchange::objects
