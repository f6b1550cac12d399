#pragma once

#include "sim/dice.hpp"

#include <array>
#include <cstdint>
#include <string_view>

// What one seed looks like: sizes, time-outs, and which faults happen how often. Each seed has some
// kinds of faults and not others (a "swarm"): all of them at once hide each other.
namespace exchange::sim {

// A protocol that is wrong in one way, to show that the simulation would find it out.
enum class Variant {
    none,
    no_lane_lock,          // appends of one lane overlap
    no_epoch_check,        // Postgres lets a former owner write
    tails_before_fencing,  // transactional ids are taken when first used, after the tails were read
    blind_to_open,         // what is undecided at the end of a partition is not looked at
    repair_by_commit,      // what hangs is closed by committing into it
    plan_after_publish,    // an event leaves before its plan is committed
    store_after_publish,   // an event leaves before the bundle that it names is stored
    // No broken protocol but a worse broker: it also loses markers of commits that it acknowledged.
    // The relay does not withstand that (docs/guarantees.md).
    lost_commit_markers,
    no_pass_over,       // planned windows are published again without asking the tails
    early_lane_change,  // the number of lanes changes while events wait to be published
    no_layout_check,    // who knows a former number of lanes goes on as before
};

inline constexpr std::array all_variants{Variant::none,
                                         Variant::no_lane_lock,
                                         Variant::no_epoch_check,
                                         Variant::blind_to_open,
                                         Variant::tails_before_fencing,
                                         Variant::repair_by_commit,
                                         Variant::no_pass_over,
                                         Variant::plan_after_publish,
                                         Variant::store_after_publish,
                                         Variant::lost_commit_markers,
                                         Variant::early_lane_change,
                                         Variant::no_layout_check};

// Of one link between a process and a server. Likelihoods are per request.
struct LinkFaults {
    double lost = 0;           // neither it nor its answer arrives; found out by time-out
    double broken_before = 0;  // the connection breaks and the request did not arrive
    double broken_after = 0;   // the connection breaks and the request has arrived or will
    double slow = 0;           // arrives late, perhaps after the caller gave up
    Duration latency{};
    Duration slow_most{};
};

// Mean time between two of a kind; zero: never.
struct Rhythm {
    Duration every{};
    Duration lasts_most{};
};

struct Plan {
    Variant variant = Variant::none;
    bool transactional = true;

    // At the start, and the most that it is changed to.
    int lanes = 1;
    int lanes_most = 1;
    // A multiple of each number of lanes up to the most.
    int partitions = 1;
    int processes = 2;
    int ids = 2;
    int sources = 2;
    int submissions = 50;
    int window_rows_max = 10;
    int batch_messages_max = 4;
    // Of the lanes of a process.
    int windows_at_once = 1;
    std::size_t bundle_bytes_max = 4096;
    Duration busy_time{};  // how long faults happen
    Duration poll_every{};
    Duration lease_ttl{};
    Duration append_time{};  // how long an append holds its lane
    Duration message_timeout{};
    Duration transaction_timeout{};
    Duration client_timeout{};

    LinkFaults postgres;
    LinkFaults kafka;
    LinkFaults store;
    Rhythm kills;
    Rhythm pauses;
    Rhythm drains;
    Rhythm hand_overs;
    Rhythm postgres_crashes;
    Rhythm kafka_crashes;
    Rhythm retention;
    // `lasts_most` is how long one waits for events to be published.
    Rhythm lane_changes;

    double early_takeovers = 0;   // of attempts: the server's clock jumped, so a lease has run out
    double poison = 0;            // of records: Kafka refuses their event for good
    double follow_ups = 0;        // of appends: a later event of an earlier record
    double rolled_back = 0;       // of appends: ids drawn, nothing stored
    double repeated = 0;          // of submissions: sent a second time at once
    double conflicting = 0;       // of submissions: sent again with another body
    double lost_markers = 0;      // of transactions: complete without some of their markers
    double late_markers = 0;      // of markers: written long after the decision
    double forgotten_offset = 0;  // of repeated batches: the broker no longer knows where it is
    double other_stores = 0;      // of processes: started with another raw store
    Duration record_within{};     // how long a published window waits for the next one's plan
};

Plan draw_plan(Dice& dice, Variant variant);

// The name as the command line takes it.
std::string_view name_of(Variant variant);

}  // namespace exchange::sim
