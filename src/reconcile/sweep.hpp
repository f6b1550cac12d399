#pragma once

#include "base/time.hpp"
#include "objects/raw_store.hpp"
#include "pg/session.hpp"

#include <chrono>
#include <string>

// Removes what crashes left in the raw store: objects that no bundle row names and that no plan can
// name any more (docs/ARCHITECTURE.md, "Sweep"). In two phases: an orphan is marked when it is
// found, and removed once its mark has aged and it is an orphan still. Safe to run beside relays
// and by any number of processes.
namespace exchange::reconcile {

struct SweepTerms {
    std::int16_t lanes = 0;
    // Age of the mark, by Postgres' clock.
    std::chrono::microseconds grace{};
    // For the audit.
    std::string actor;
    std::string reason;
};

struct SweepOutcome {
    std::size_t objects = 0;
    // Orphans marked, in this round or before.
    std::size_t orphans = 0;
    std::size_t removed = 0;
    // Not planned yet; and keys that no relay makes: never removed.
    std::size_t open = 0;
    std::size_t foreign = 0;
};

// The store belongs to another database.
class StoreNotOurs : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Throws StoreNotOurs, pg::Unavailable, objects::StoreError; what was done until then stays done.
boost::asio::awaitable<SweepOutcome> sweep(pg::Session& session, objects::RawStore& store,
                                           SweepTerms terms);

}  // namespace exchange::reconcile
