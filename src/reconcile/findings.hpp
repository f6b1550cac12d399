#pragma once

#include "base/ids.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What reconcile finds: differences between ledger, outbox, log and raw store.
namespace exchange::reconcile {

enum class Kind {
    unbalanced,
    pin,
    undecided,
    not_in_outbox,
    not_in_ledger,
    plan_differs,
    missing,
    duplicate,
    ghost,
    reordered,
    gap,
    epoch_fell,
    held_in_log,
    mismatch,
    object_missing,
    object_torn,
    object_foreign,
    orphan
};

struct KindInfo {
    Kind kind;
    const char* name;
    const char* meaning;
    // Stands in the log, where nothing can be undone: repairing means to know it from then on.
    bool in_log = false;
};

inline constexpr std::array<KindInfo, 18> kinds{{
    {Kind::unbalanced, "unbalanced", "accepted events are nowhere, or counted twice"},
    {Kind::pin, "pin", "this database belongs to another system, or a topic is not as laid out"},
    {Kind::undecided, "undecided", "a transaction hangs over what was published; not compared"},
    {Kind::not_in_outbox, "not_in_outbox", "accepted, and the outbox has no row of it"},
    {Kind::not_in_ledger, "not_in_ledger", "in the outbox, and the ledger has no row of it"},
    {Kind::plan_differs, "plan_differs", "a window holds other rows than were planned"},
    {Kind::missing, "missing", "published according to the database, and not in the log"},
    {Kind::duplicate, "duplicate", "in the log twice", true},
    {Kind::ghost, "ghost", "in the log, and no row of the outbox", true},
    {Kind::reordered, "reordered", "in the log behind a later one", true},
    {Kind::gap, "gap", "the sequence of a partition is not dense", true},
    {Kind::epoch_fell, "epoch_fell", "written by an owner that a later one had replaced", true},
    {Kind::held_in_log, "held_in_log", "in quarantine or replaced, and in the log", true},
    {Kind::mismatch, "mismatch", "the record in the log is not of the row's event", true},
    {Kind::object_missing, "object_missing", "a bundle that is not in the raw store"},
    {Kind::object_torn, "object_torn", "a bundle whose object has other bytes"},
    {Kind::object_foreign, "object_foreign", "an object among the bundles that is none"},
    {Kind::orphan, "orphan", "an object that no bundle names, older than the grace"},
}};

const KindInfo& info(Kind kind);

struct Finding {
    Kind kind{};
    // What it is about: outbox/4711, topic/partition@offset, a key. The same in every run.
    std::string subject;
    std::string detail;
    LaneId lane{};
    // Of the outbox row, where there is one.
    std::int64_t id = 0;
};

// Memory is bounded: of each kind all are counted and the first `kept_most` kept.
class Findings {
public:
    static constexpr std::size_t kept_most = 10'000;

    explicit Findings(std::set<std::pair<std::string, std::string>> known = {})
        : known_{std::move(known)}
    {
    }

    void add(Finding finding);
    // More of a kind than could be told one by one.
    void add_uncounted(Kind kind, std::size_t more) { counts_[kind].found += more; }

    // Without those that were known before.
    std::size_t count(Kind kind) const;
    std::size_t known(Kind kind) const;
    std::size_t total() const;
    const std::vector<Finding>& of(Kind kind) const;

private:
    struct Counted {
        std::size_t found = 0;
        std::size_t known = 0;
        std::vector<Finding> kept;
    };

    std::set<std::pair<std::string, std::string>> known_;
    std::map<Kind, Counted> counts_;
};

}  // namespace exchange::reconcile
