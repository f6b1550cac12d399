#pragma once

#include "outbox/append.hpp"
#include "outbox/ports.hpp"
#include "sim/link.hpp"

#include <deque>
#include <set>

// The database of a simulated run: what the statements of src/outbox/sql do, each transaction at
// one moment, with the constraints that the schema has. A crash loses what is under way and nothing
// that was committed.
namespace exchange::sim {

struct StoredRow {
    OutboxId id;
    std::string topic;
    RecordId record_id;
    Uuid event_id;
    std::string source;
    std::string kind;
    std::string schema_hint;
    record::Api api = record::Api::v1;
    outbox::Sha256 sha256{};
    std::string correlation_id;
    std::int64_t created_at_us = 0;
    std::string body;
};

struct KnownKey {
    outbox::Sha256 sha256{};
    RecordId record_id;
    std::string correlation_id;
    auto operator<=>(const KnownKey&) const = default;
};

// What a client sends: an AppendRow that owns its text.
struct AppendedRow {
    std::string source;
    std::string key;
    std::string body;
    std::string correlation_id;
    outbox::Sha256 sha256{};
    RecordId record_id;
    Uuid event_id;
    std::int16_t api = 1;
};

enum class CommitAnswer { done, not_ours, refused };

struct AppendReply {
    bool refused = false;
    bool layout_changed = false;
    std::vector<outbox::AppendAnswer> answers;
};

class Postgres {
public:
    struct Planned {
        outbox::PlannedWindow window;
        Epoch epoch;
    };
    struct Recorded {
        outbox::PublishedWindow window;
        Epoch epoch;
    };
    struct Lane {
        Epoch epoch;
        std::string owner;
        TimePoint expires{};
        std::map<std::int64_t, std::shared_ptr<const StoredRow>> rows;
        std::vector<Planned> windows;
        std::set<std::int64_t> bundle_ids;
        std::vector<Recorded> published;
        // Where the log stood when the number of lanes changed, and what was recorded by then.
        outbox::Positions accepted;
        OutboxId accepted_at;
        // Up to here all lanes were published at the last change.
        OutboxId settled;
        // The advisory lock of appends.
        bool locked = false;
        std::deque<std::function<void()>> waiting;

        OutboxId planned_up_to() const
        {
            const OutboxId last = windows.empty() ? OutboxId{} : windows.back().window.window.to;
            return std::max(last, settled);
        }
        OutboxId published_up_to() const { return std::max(recorded_up_to(), settled); }
        OutboxId recorded_up_to() const
        {
            return published.empty() ? OutboxId{} : published.back().window.to;
        }
        // As the last record says, or the change of lanes since.
        outbox::Positions positions() const
        {
            if (accepted_at == recorded_up_to() && settled.value > 0) return accepted;
            return published.empty() ? outbox::Positions{} : published.back().window.positions;
        }
        bool has_pending() const
        {
            return !rows.empty() && rows.rbegin()->first > published_up_to().value;
        }
    };
    // Told of each commit that plans, moves or records a window, before it takes effect.
    struct Watcher {
        virtual ~Watcher() = default;
        virtual void planned(LaneId lane, const outbox::PlannedWindow& window) = 0;
        virtual void moved(const outbox::PlannedWindow& window) = 0;
        virtual void recorded(LaneId lane, Epoch epoch, const outbox::PublishedWindow& window) = 0;
    };

    Postgres(World& world, Watcher& watcher);

    Link& link() { return link_; }
    World& world() { return world_; }
    const Lane& lane(LaneId lane) const { return lanes_.at(index(lane)); }
    const outbox::Layout& layout() const { return layout_; }
    // All there were, rising.
    const std::vector<outbox::LayoutSince>& layouts() const { return layouts_; }
    const std::map<std::pair<std::string, std::string>, KnownKey>& keys() const { return keys_; }
    bool is_quarantined(OutboxId id) const { return quarantine_.contains(id.value); }
    const std::map<std::int64_t, outbox::QuarantinedRow>& quarantine() const { return quarantine_; }

    // Nothing, too, for one that knows another layout.
    std::optional<Epoch> acquire(const outbox::LeaseTerms& terms, int layout_version);
    bool renew(const outbox::LeaseTerms& terms, Epoch epoch);
    void release(LaneId lane, Epoch epoch);
    bool owns(LaneId lane, Epoch epoch) const;

    outbox::Window read(LaneId lane, OutboxId after, int rows_max) const;
    std::vector<outbox::PlannedWindow> unfinished(LaneId lane, OutboxId after) const;
    CommitAnswer commit(LaneId lane, Epoch epoch, const outbox::LaneCommit& what);
    bool move_bundles(LaneId lane, Epoch epoch, const outbox::PlannedWindow& moved);

    // Takes the lane's lock, answers when the commit is visible.
    void append(LaneId lane, int layout_version, std::vector<AppendedRow> rows,
                const Responder<AppendReply>& answer);
    // Holds up all appends until what was appended is published, or `patience` is over.
    void change_lanes(int lanes, Duration patience);

    void crash();
    void restart() { link_.up = true; }

private:
    static std::size_t index(LaneId lane) { return static_cast<std::size_t>(number(lane)); }

    struct Transaction {
        std::vector<std::pair<AppendedRow, std::shared_ptr<StoredRow>>> fresh;
        AppendReply reply;
    };
    bool knows_layout(int version) const;
    void begin(LaneId lane, int layout_version, std::vector<AppendedRow> rows,
               const Responder<AppendReply>& answer);
    void draw_row(LaneId lane, const AppendedRow& row, Transaction& into);
    void follow_up(LaneId lane, Transaction& into);
    void finish(LaneId lane, const Transaction& what);
    void unlock(LaneId lane);
    void go_on(LaneId lane);
    void try_change(int lanes, TimePoint until);
    void apply_change(int lanes);
    void end_change();
    outbox::Positions positions_of_all() const;
    void quarantine(const Lane& lane, const outbox::QuarantinedRow& row);
    outbox::OutboxRow view(const StoredRow& row) const;

    World& world_;
    Watcher& watcher_;
    Link link_;
    // Those out of use too.
    std::vector<Lane> lanes_;
    outbox::Layout layout_;
    std::vector<outbox::LayoutSince> layouts_;
    bool changing_ = false;
    std::map<std::pair<std::string, std::string>, KnownKey> keys_;
    std::map<std::int64_t, outbox::QuarantinedRow> quarantine_;
    std::set<RecordId> held_records_;
    std::int64_t last_id_ = 0;
    // Counts crashes: what an earlier one had under way is gone.
    int life_ = 0;
};

}  // namespace exchange::sim
