#pragma once

#include "kafka/admin.hpp"
#include "outbox/conservation.hpp"
#include "outbox/layout.hpp"
#include "outbox/standing.hpp"
#include "reconcile/findings.hpp"
#include "reconcile/log_compare.hpp"
#include "reconcile/store_compare.hpp"

#include <vector>

// Ledger, outbox, log and raw store held against each other, each read once from its beginning to
// its end, while relays and ingest go on working (docs/ARCHITECTURE.md, "Reconcile"). Changes
// nothing.
namespace exchange::reconcile {

struct ReconcileTerms {
    kafka::ClientConfig kafka;
    // Of the contract, with the prefix.
    std::vector<kafka::TopicSpec> topics;
    std::string topic_prefix;
    std::chrono::seconds grace{24 * 3600};
    bool deep = false;
};

struct Report {
    // Of what was compared.
    outbox::Layout layout;
    Findings findings;
    std::vector<outbox::LaneConservation> conservation;
    LogTotals log;
    StoreTotals store;
    double seconds = 0;
};

// Throws pg::Unavailable, kafka::Error, objects::StoreError: then nothing is known.
boost::asio::awaitable<Report> reconcile(pg::Session& session, objects::RawStore& store,
                                         outbox::Standing& standing, ReconcileTerms terms);

}  // namespace exchange::reconcile
