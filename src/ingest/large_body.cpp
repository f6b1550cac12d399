#include "ingest/large_body.hpp"

namespace exchange::ingest {

boost::asio::awaitable<std::unique_ptr<LargeBody>>
read_large_body(BlockingPool& pool, record::Api api, std::string bytes, TimePoint deadline)
{
    // The job owns the body: it may be under way still when nobody waits for it any more.
    auto body = std::make_unique<LargeBody>();
    body->bytes = std::move(bytes);
    auto read = [body = std::move(body), api]() mutable {
        body->parsed = record::parse_submission(api, body->bytes);
        if (std::holds_alternative<record::Submission>(body->parsed))
            body->sha256 = crypto::sha256(body->bytes);
        return std::move(body);
    };
    try {
        co_return co_await pool.run(std::move(read), deadline);
    } catch (const BlockingPoolBusy&) {
        co_return nullptr;
    }
}

}  // namespace exchange::ingest
