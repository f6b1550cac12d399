#pragma once

#include "sim/clients.hpp"

// Holds a run against what is promised: some rules at each step, the rest at its end.
namespace exchange::sim {

class Referee final : public Postgres::Watcher {
public:
    explicit Referee(World& world) : world_{world} {}

    // Before anything runs.
    void watch(Postgres& postgres, Broker& broker, Objects& objects);

    void planned(LaneId lane, const outbox::PlannedWindow& window) override;
    void moved(const outbox::PlannedWindow& window) override;
    void recorded(LaneId lane, Epoch epoch, const outbox::PublishedWindow& window) override;

    // All that was accepted is published or quarantined, recorded, and visible to readers.
    bool settled() const;
    void judge(const Clients& clients);

private:
    struct Place {
        kafka::TopicPartition partition;
        std::int64_t offset = 0;
    };

    void stored(const kafka::TopicPartition& partition, std::int64_t offset,
                const kafka::Message& message);
    bool is_in_log(std::int64_t id) const;
    void check_bundle(LaneId lane, const outbox::Bundle& bundle);
    void expect_named(const outbox::Bundle& bundle);
    void check_positions(LaneId lane, const outbox::PublishedWindow& window);
    void judge_log(const kafka::TopicPartition& partition, const PartitionLog& log,
                   std::map<std::int64_t, int>& seen);
    void judge_record(const kafka::TopicPartition& partition, const kafka::Message& message);
    void judge_lane(LaneId lane, const std::map<std::int64_t, int>& seen);
    void judge_quarantine(LaneId lane, const std::map<std::int64_t, int>& seen);
    void judge_answers(const Clients& clients);
    // Now, and when a row was appended.
    LaneId lane_of(const kafka::TopicPartition& partition) const;
    LaneId lane_of(const kafka::TopicPartition& partition, std::int64_t id) const;
    std::vector<LaneId> all_lanes() const;

    World& world_;
    Postgres* postgres_ = nullptr;
    Broker* broker_ = nullptr;
    Objects* objects_ = nullptr;
    std::map<std::int64_t, std::vector<Place>> places_;
    // Where a planned row's raw bytes must be, and what its event must say of that.
    struct RawBytes {
        std::string as_named;
        std::string object;
        objects::Sha256 sha256{};
    };
    std::map<std::int64_t, RawBytes> raw_of_;
};

}  // namespace exchange::sim
