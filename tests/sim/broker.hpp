#pragma once

#include "kafka/tails.hpp"
#include "sim/link.hpp"

#include <set>

// One Kafka broker with its logs and its transaction coordinator, as far as a producer can tell:
// fencing by epochs, copies told by sequence numbers, transactions decided at one moment and
// marked partition by partition later. What it acknowledged survives its crash.
//
// It has one defect that was seen in a real broker: after a decision some partitions never get
// their marker, though the coordinator says that all is done. What lies open there is decided by
// the next marker of the same producer id, whatever that says. Aborts only, but for the variant
// `lost_commit_markers`.
namespace exchange::sim {

using ProducerId = std::int64_t;

enum class Decision { open, committed, aborted };

struct LogEntry {
    enum class Kind { data, commit_marker, abort_marker };
    Kind kind = Kind::data;
    Decision decision = Decision::open;
    ProducerId producer = 0;
    int epoch = 0;
    // The coordinator decided to commit it; a marker may be missing.
    bool commit_decided = false;
    std::shared_ptr<const kafka::Message> message;

    bool counts() const { return decision == Decision::committed || commit_decided; }
};

struct PartitionLog {
    std::vector<LogEntry> entries;
    // What lies before it is past retention: readers do not get it any more, judges do.
    std::int64_t begin = 0;

    struct Batch {
        int first_sequence = 0;
        std::int64_t offset = 0;
    };
    struct Writer {
        int epoch = 0;
        int next_sequence = 0;
        std::map<int, std::int64_t> batches;  // first sequence number → offset
    };
    std::map<ProducerId, Writer> writers;
    // Where each producer's open transaction begins.
    std::map<ProducerId, std::int64_t> open;

    std::int64_t end() const { return static_cast<std::int64_t>(entries.size()); }
    std::int64_t stable_end() const;
};

struct ProducerName {
    std::string transactional_id;  // empty: idempotent only
    ProducerId id = 0;
    int epoch = 0;
};

struct ProduceRequest {
    ProducerName producer;
    kafka::TopicPartition partition;
    int first_sequence = 0;
    std::vector<std::shared_ptr<const kafka::Message>> messages;
};

struct ProduceAnswer {
    // Poison: the batch is refused as a whole for one of its messages.
    // Not enlisted: the partition is not part of the producer's open transaction (any more).
    enum class Kind { stored, again, fenced, out_of_order, poison, not_enlisted };
    Kind kind = Kind::stored;
    std::int64_t offset = -1;
};

enum class EndAnswer { done, again, fenced };
enum class EnlistAnswer { done, again, fenced };

class Broker {
public:
    explicit Broker(World& world) : world_{world}, link_{world.plan.kafka} {}

    Link& link() { return link_; }
    World& world() { return world_; }
    const std::map<kafka::TopicPartition, PartitionLog>& logs() const { return logs_; }
    PartitionLog& log(const kafka::TopicPartition& partition) { return logs_[partition]; }

    // Nothing while the transaction before is being finished: ask again.
    std::optional<ProducerName> take_id(const std::string& transactional_id);
    ProducerName new_idempotent();
    // The partitions are part of the producer's transaction from now on, even if nothing gets
    // stored there.
    EnlistAnswer enlist(const ProducerName& producer,
                        const std::set<kafka::TopicPartition>& partitions);
    ProduceAnswer produce(const ProduceRequest& request);
    EndAnswer end(const ProducerName& producer, Decision decision);

    bool nothing_open() const;

    void crash();
    void restart();
    // What lies before an offset goes past retention.
    void forget(const kafka::TopicPartition& partition, std::int64_t before);
    // As if its topic had been deleted and made anew.
    void remake(const kafka::TopicPartition& partition) { logs_[partition] = PartitionLog{}; }

    // Told of each message that is stored.
    std::function<void(const kafka::TopicPartition&, std::int64_t, const kafka::Message&)>
        on_stored;

private:
    enum class State { empty, ongoing, committing, aborting, committed, aborted };
    struct Transaction {
        ProducerId id = 0;
        int epoch = 0;
        State state = State::empty;
        std::set<kafka::TopicPartition> partitions;
        // Counts transactions, so that a time-out hits only its own.
        int number = 0;
        bool finishing() const { return state == State::committing || state == State::aborting; }
    };

    void decide(const std::string& id, Transaction& transaction, State state);
    void write_markers(const std::string& id);
    void write_marker(const std::string& id, int number, const kafka::TopicPartition& partition);
    void finish_if_marked(const std::string& id);
    void mark(PartitionLog& log, ProducerId producer, int epoch, Decision decision);
    std::optional<ProduceAnswer::Kind> refusal(const ProduceRequest& request);
    Duration marker_pause();

    World& world_;
    Link link_;
    std::map<kafka::TopicPartition, PartitionLog> logs_;
    std::map<std::string, Transaction> transactions_;
    ProducerId last_producer_ = 1000;
    int life_ = 0;
};

}  // namespace exchange::sim
