#pragma once

#include "objects/raw_store.hpp"
#include "pg/session.hpp"
#include "reconcile/findings.hpp"

#include <chrono>

namespace exchange::reconcile {

struct StoreTerms {
    std::int16_t lanes = 0;
    // Orphans younger than this are not a difference: the sweeper has not had its time.
    std::chrono::seconds grace{};
    // Fetch every bundle and compute its SHA-256, too.
    bool deep = false;
};

struct StoreTotals {
    std::size_t bundles = 0;
    std::size_t objects = 0;
    std::size_t young_orphans = 0;
    // Not planned yet, or published.
    std::size_t open = 0;
    // Bundles of windows that are not published: they may come any moment.
    std::size_t unstored = 0;
    std::size_t other_stores = 0;
};

// Holds bundle rows against the store's listing, side by side: both are in key order. Safe while
// relays work: what seems missing is looked at once more, what seems an orphan is judged by rows as
// they are after it was listed.
boost::asio::awaitable<StoreTotals> compare_store(pg::Session& session, objects::RawStore& store,
                                                  StoreTerms terms, Findings& findings);

}  // namespace exchange::reconcile
