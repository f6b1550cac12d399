#include "outbox/move_bundles.hpp"

#include "outbox/sql.hpp"

namespace exchange::outbox {

boost::asio::awaitable<std::int64_t> move_bundles(pg::Session& session,
                                                  const objects::RawStore& store,
                                                  std::string bucket, std::string key_prefix,
                                                  TimePoint deadline)
{
    if (bucket == store.bucket() && key_prefix == store.key_prefix()) co_return 0;
    pg::Params params;
    params.text(bucket).text(key_prefix).text(store.bucket()).text(store.key_prefix());
    const pg::Rows rows = co_await session.run(sql::move_bundles, std::move(params), deadline);
    co_return rows.affected();
}

}  // namespace exchange::outbox
