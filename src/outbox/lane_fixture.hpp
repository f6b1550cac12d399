#pragma once

#include "outbox/conservation.hpp"
#include "outbox/outbox_fixture.hpp"
#include "outbox/pg_lane_store.hpp"
#include "outbox/quarantine.hpp"
#include "support/fake_store.hpp"

#include <gtest/gtest.h>

#include <set>

namespace exchange::outbox {

// An outbox and the owner of its lane 0, which publishes to nowhere.
class LaneDatabase : public OutboxDatabase {
public:
    LaneDatabase()
        : lanes{io.get_executor(), database.config()},
          leases{io.get_executor(), database.config(), layout.version}
    {
    }

    // Appends one row and answers its outbox id. Rows of one `record` are events of one record: no
    // source of them but the first is in this binary yet, so the outbox row is changed by hand.
    std::int64_t append_event(const std::string& key, std::optional<RecordId> record = {})
    {
        append_rows({row(key + "-a-long-key", "{\"key\":\"" + key + "\"}")});
        const std::int64_t id = number_of("SELECT max(id) FROM outbox");
        if (record)
            script("UPDATE outbox SET record_id = '" + to_string(record->value) +
                   "' WHERE id = " + std::to_string(id));
        return id;
    }

    // What the relay does with all rows that wait. Answers the ids that went out.
    std::vector<std::int64_t> publish(const std::set<std::int64_t>& poison = {})
    {
        const PlannedWindow planned = plan();
        LaneCommit bad;
        for (const OutboxRow& row : planned.window.rows)
            if (poison.contains(row.id.value))
                bad.quarantined.push_back(
                    {row.id, row.record_id, "message_too_large", "too large"});
        if (!bad.quarantined.empty()) commit(std::move(bad));
        return record(planned);
    }

    PlannedWindow plan()
    {
        PlannedWindow planned;
        planned.window = test::run(io, lanes.read(LaneId{0}, planned_up_to_, 10000, 1 << 24));
        if (planned.window.rows.empty()) return planned;
        const BundleTerms terms{LaneId{0}, store.bucket(), store.key_prefix(), 1 << 24};
        planned.bundles = make_bundles(terms, planned.window);
        for (const Bundle& bundle : planned.bundles)
            test::run(io, store.put(bundle.key, bundle.bytes, bundle.sha256, test::soon()));
        LaneCommit what;
        what.plan = &planned;
        for (const OutboxRow& row : planned.window.rows)
            if (row.held) what.quarantined.push_back({row.id, row.record_id, "key_held", "held"});
        commit(std::move(what));
        planned_up_to_ = planned.window.to;
        return planned;
    }

    std::vector<std::int64_t> record(const PlannedWindow& planned)
    {
        std::vector<std::int64_t> published;
        if (planned.window.rows.empty()) return published;
        const std::string query = "SELECT id FROM outbox o WHERE lane = 0 AND id > " +
                                  std::to_string(planned.window.from.value) +
                                  " AND id <= " + std::to_string(planned.window.to.value) +
                                  " AND NOT EXISTS (SELECT FROM quarantine q WHERE q.outbox_id ="
                                  " o.id) ORDER BY id";
        const pg::Statement statement{query.c_str(), query.c_str()};
        const pg::Rows rows = test::run(io, session.run(statement, pg::Params{}, test::soon()));
        for (int row = 0; row < rows.size(); ++row) published.push_back(rows.integer(row, 0));
        LaneCommit what;
        what.published =
            PublishedWindow{planned.window.to, static_cast<std::int32_t>(published.size()), {}};
        commit(std::move(what));
        return published;
    }

    void commit(LaneCommit what)
    {
        if (epoch_.value == 0)
            epoch_ =
                *test::run(io, leases.acquire(LeaseTerms{LaneId{0}, std::chrono::hours{1}, "me"}));
        ASSERT_TRUE(test::run(io, lanes.commit(LaneId{0}, epoch_, std::move(what))));
    }

    LaneConservation conservation()
    {
        return test::run(io, read_conservation(session, test::soon())).at(0);
    }

    void script(const std::string& text)
    {
        const auto admin = database.open(io);
        test::run(io, admin->script(text, test::soon()));
    }

    testing::FakeStore store;
    PgLaneStore lanes;
    PgLeaseStore leases;

private:
    Epoch epoch_;
    OutboxId planned_up_to_;
};

}  // namespace exchange::outbox
