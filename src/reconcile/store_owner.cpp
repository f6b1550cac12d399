#include "reconcile/store_owner.hpp"

#include "base/random.hpp"
#include "base/uuid.hpp"
#include "crypto/digest.hpp"
#include "outbox/pins.hpp"

#include <fmt/format.h>

namespace exchange::reconcile {

namespace asio = boost::asio;

namespace {

constexpr const char* pin_name = "raw_store_owner";
constexpr const char* owner_key = "exchange.owner";

// Empty when there is none.
asio::awaitable<std::string> read_owner(objects::RawStore& store, TimePoint deadline)
{
    const auto info = co_await store.head(owner_key, deadline);
    if (!info) co_return std::string{};
    co_return co_await store.get(owner_key, 0, info->size, deadline);
}

}  // namespace

StoreOwner judge_owner(const std::string& pinned, const std::string& stored)
{
    if (stored.empty()) return StoreOwner::nobody;
    return stored == pinned ? StoreOwner::ours : StoreOwner::another;
}

asio::awaitable<StoreOwner> owner_of_store(pg::Session& session, objects::RawStore& store,
                                           TimePoint deadline)
{
    const std::string pinned = co_await outbox::pinned(session, pin_name, deadline);
    co_return judge_owner(pinned, co_await read_owner(store, deadline));
}

asio::awaitable<bool> claim_store(pg::Session& session, objects::RawStore& store,
                                  TimePoint deadline)
{
    SystemRandom random;
    std::string fresh = to_string(make_uuid_v7(unix_ms_now(), random));
    const std::string pinned = co_await outbox::pin(session, pin_name, std::move(fresh), deadline);
    std::string stored = co_await read_owner(store, deadline);
    if (stored.empty()) {
        co_await store.put(owner_key, pinned, crypto::sha256(pinned), deadline);
        // Another database may have put its own at the same moment.
        stored = co_await read_owner(store, deadline);
    }
    co_return judge_owner(pinned, stored) == StoreOwner::ours;
}

asio::awaitable<void> adopt_store(pg::Session& session, objects::RawStore& store,
                                  TimePoint deadline)
{
    std::string stored = co_await read_owner(store, deadline);
    if (!stored.empty()) co_await outbox::pin(session, pin_name, std::move(stored), deadline);
}

std::string another_owner_cause(const objects::RawStore& store)
{
    return fmt::format("the raw store {} belongs to another database", store.bucket());
}

std::string another_owner_remedy()
{
    return fmt::format("Correct RAW_STORE or DATABASE_URL. If this database took over the store "
                       "for good, remove its object {}; until then nothing is swept",
                       owner_key);
}

}  // namespace exchange::reconcile
