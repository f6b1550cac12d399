#pragma once

#include "pg/session.hpp"
#include "reconcile/log_compare.hpp"

namespace exchange::reconcile {

// The outbox rows of all lanes up to an id, page by page.
class PgOutboxRows final : public RowSource {
public:
    PgOutboxRows(pg::Session& session, std::int64_t up_to, std::string topic_prefix)
        : session_{session}, up_to_{up_to}, topic_prefix_{std::move(topic_prefix)}
    {
    }
    // Leaves out what comes before; to be called first.
    void begin_after(std::int64_t id) { after_ = id; }
    boost::asio::awaitable<std::vector<ExpectedRow>> next() override;
    boost::asio::awaitable<std::vector<ExpectedRow>> by_id(std::vector<std::int64_t> ids) override;

private:
    ExpectedRow read(const pg::Rows& rows, int row) const;

    pg::Session& session_;
    std::int64_t up_to_;
    std::string topic_prefix_;
    std::int64_t after_ = 0;
};

}  // namespace exchange::reconcile
