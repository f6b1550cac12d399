#include "reconcile/store_compare.hpp"

#include "crypto/digest.hpp"
#include "reconcile/object_judge.hpp"
#include "reconcile/object_name.hpp"
#include "reconcile/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace exchange::reconcile {
namespace {

namespace asio = boost::asio;

constexpr std::int32_t rows_per_page = 5000;
constexpr std::size_t objects_per_page = 1000;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{60};
}

struct BundleRow {
    LaneId lane{};
    std::string key;
    std::uint64_t size = 0;
    objects::Sha256 sha256{};
    // Its window is published, so it must be there.
    bool owed = true;
};

class StoreComparison {
public:
    StoreComparison(pg::Session& session, objects::RawStore& store, StoreTerms terms,
                    Findings& findings)
        : session_{session},
          store_{store},
          terms_{terms},
          findings_{findings},
          prefix_{store.key_prefix()},
          bucket_{store.bucket()}
    {
    }

    asio::awaitable<StoreTotals> run()
    {
        while (true) {
            if (rows_.empty() && !rows_ended_) co_await fetch_rows();
            if (objects_.empty() && !objects_ended_) co_await fetch_objects();
            if (rows_.empty() && objects_.empty() && rows_ended_ && objects_ended_) break;
            if (rows_.empty() && !rows_ended_) continue;
            const bool row_first =
                !rows_.empty() && (objects_.empty() || rows_.front().key < objects_.front().key);
            const bool both =
                !rows_.empty() && !objects_.empty() && rows_.front().key == objects_.front().key;
            if (both) co_await take_both();
            else if (row_first) co_await take_row();
            else co_await take_object();
        }
        co_await judge_strangers();
        co_return totals_;
    }

private:
    asio::awaitable<void> fetch_rows()
    {
        pg::Params params;
        params.int2(number(after_lane_)).int8(after_id_).int4(rows_per_page);
        const pg::Rows rows = co_await session_.run(sql::bundle_page, std::move(params), soon());
        rows_ended_ = rows.size() < rows_per_page;
        for (int row = 0; row < rows.size(); ++row) {
            after_lane_ = LaneId{static_cast<std::int16_t>(rows.integer(row, 0))};
            after_id_ = rows.integer(row, 1);
            const std::string_view key = rows.bytes(row, 3);
            if (rows.bytes(row, 2) != bucket_ || !key.starts_with(prefix_)) {
                ++totals_.other_stores;
                continue;
            }
            BundleRow bundle;
            bundle.lane = after_lane_;
            bundle.key = key.substr(prefix_.size());
            bundle.size = static_cast<std::uint64_t>(rows.integer(row, 4));
            const std::string_view digest = rows.bytes(row, 5);
            std::copy_n(digest.begin(), std::min(digest.size(), bundle.sha256.size()),
                        bundle.sha256.begin());
            bundle.owed = rows.boolean(row, 6);
            rows_.push_back(std::move(bundle));
        }
    }

    asio::awaitable<void> fetch_objects()
    {
        std::vector<objects::ObjectInfo> page =
            co_await store_.list(std::string{bundles_prefix}, after_key_, soon());
        objects_ended_ = page.size() < objects_per_page;
        if (!page.empty()) after_key_ = page.back().key;
        totals_.objects += page.size();
        for (objects::ObjectInfo& object : page) objects_.push_back(std::move(object));
    }

    asio::awaitable<void> take_both()
    {
        const BundleRow row = std::move(rows_.front());
        const std::uint64_t size = objects_.front().size;
        rows_.pop_front();
        objects_.pop_front();
        ++totals_.bundles;
        if (size != row.size) add(Kind::object_torn, row, sizes(row, size));
        else if (terms_.deep) co_await look_inside(row);
    }

    // It may have been stored after the page of the listing was read.
    asio::awaitable<void> take_row()
    {
        const BundleRow row = std::move(rows_.front());
        rows_.pop_front();
        ++totals_.bundles;
        const auto object = co_await store_.head(row.key, soon());
        if (!object && row.owed) add(Kind::object_missing, row, "its bundle row is there");
        else if (!object) ++totals_.unstored;
        else if (object->size != row.size) add(Kind::object_torn, row, sizes(row, object->size));
        else if (terms_.deep) co_await look_inside(row);
    }

    asio::awaitable<void> look_inside(const BundleRow& row)
    {
        try {
            const std::string bytes = co_await store_.get(row.key, 0, row.size, soon());
            if (crypto::sha256(bytes) != row.sha256)
                add(Kind::object_torn, row, "its bytes have another SHA-256");
        } catch (const objects::StoreError& error) {
            if (error.fault() != objects::StoreFault::corrupted &&
                error.fault() != objects::StoreFault::object_missing)
                throw;
            add(Kind::object_torn, row, "it cannot be read whole");
        }
    }

    asio::awaitable<void> take_object()
    {
        strangers_.push_back(std::move(objects_.front()));
        objects_.pop_front();
        if (strangers_.size() >= objects_per_page) co_await judge_strangers();
    }

    asio::awaitable<void> judge_strangers()
    {
        const std::vector<objects::ObjectInfo> strangers = std::move(strangers_);
        strangers_.clear();
        std::vector<std::string> keys;
        for (const objects::ObjectInfo& object : strangers) keys.push_back(object.key);
        const std::vector<ObjectState> states =
            co_await judge_objects(session_, prefix_, std::move(keys), terms_.lanes, soon());
        const std::int64_t old_enough =
            unix_ms_now() - std::chrono::milliseconds{terms_.grace}.count();
        for (std::size_t at = 0; at < strangers.size(); ++at) {
            const objects::ObjectInfo& object = strangers[at];
            if (states[at] == ObjectState::open) ++totals_.open;
            else if (states[at] == ObjectState::foreign)
                add(Kind::object_foreign, object, "no relay makes such a key");
            else if (states[at] == ObjectState::orphan && object.modified_unix_ms > old_enough)
                ++totals_.young_orphans;
            else if (states[at] == ObjectState::orphan)
                add(Kind::orphan, object, fmt::format("{} bytes", object.size));
        }
    }

    static std::string sizes(const BundleRow& row, std::uint64_t found)
    {
        return fmt::format("{} bytes, planned were {}", found, row.size);
    }

    void add(Kind kind, const BundleRow& row, std::string detail)
    {
        findings_.add({kind, prefix_ + row.key, std::move(detail), row.lane, 0});
    }

    void add(Kind kind, const objects::ObjectInfo& object, std::string detail)
    {
        findings_.add({kind, prefix_ + object.key, std::move(detail), LaneId{}, 0});
    }

    pg::Session& session_;
    objects::RawStore& store_;
    StoreTerms terms_;
    Findings& findings_;
    std::string prefix_;
    std::string bucket_;
    LaneId after_lane_{-1};
    std::int64_t after_id_ = 0;
    std::string after_key_;
    std::deque<BundleRow> rows_;
    std::deque<objects::ObjectInfo> objects_;
    std::vector<objects::ObjectInfo> strangers_;
    bool rows_ended_ = false;
    bool objects_ended_ = false;
    StoreTotals totals_;
};

}  // namespace

asio::awaitable<StoreTotals> compare_store(pg::Session& session, objects::RawStore& store,
                                           StoreTerms terms, Findings& findings)
{
    StoreComparison comparison{session, store, terms, findings};
    co_return co_await comparison.run();
}

}  // namespace exchange::reconcile
