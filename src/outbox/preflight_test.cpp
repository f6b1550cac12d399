#include "outbox/preflight.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace exchange::outbox {
namespace {

using obs::Condition;
using obs::Status;

const std::vector<kafka::TopicSpec> contract{{"a.v1", 8, -1, {}}, {"a.v2", 8, -1, {}}};

Layout eight_partitions()
{
    Layout layout;
    layout.lanes = 2;
    layout.partitions = 8;
    return layout;
}

// As the contract wants it, and as brokers are set up by default.
kafka::ClusterState good_cluster()
{
    kafka::ClusterState cluster;
    cluster.cluster_id = "ours";
    for (const kafka::TopicSpec& spec : contract)
        cluster.topics[spec.name] = {8, 1'048'588, "delete"};
    return cluster;
}

struct Row {
    const char* what;
    std::function<void(kafka::ClusterState&)> change;
    const char* component;
    Status expected;
};

const Status ok;

const Row rows[] = {
    {"all is well", [](auto&) {}, "kafka", ok},
    {"another cluster", [](auto& cluster) { cluster.cluster_id = "theirs"; }, "kafka",
     Status{
         Condition::failed,
         "KAFKA_BROKERS leads to cluster theirs, but this database publishes to ours",
         "Correct KAFKA_BROKERS or DATABASE_URL. To publish to another cluster for good, compare "
         "with exchange reconcile, then run exchange pins accept kafka_cluster_id "
         "(docs/runbook/lane-halted.md)"}},
    {"a missing topic", [](auto& cluster) { cluster.topics.erase("a.v2"); }, "topic/a.v2",
     Status{Condition::failed, "topic a.v2 does not exist",
            "Create it: exchange topics apply. Its events wait meanwhile and are published by "
            "themselves; those of other topics flow"}},
    {"other partitions", [](auto& cluster) { cluster.topics["a.v1"].partitions = 6; }, "topic/a.v1",
     Status{Condition::failed, "topic a.v1 has 6 partitions, this database is laid out for 8",
            "Per-key order depends on the count: make the topic anew with that many partitions, or "
            "restore the one that was there"}},
    {"small messages only",
     [](auto& cluster) { cluster.topics["a.v1"].max_message_bytes = 16 * 1024 - 1; }, "topic/a.v1",
     Status{Condition::failed, "topic a.v1 takes messages up to 16383 bytes, events may have 16384",
            "Raise max.message.bytes of a.v1"}},
    {"just large enough messages",
     [](auto& cluster) { cluster.topics["a.v1"].max_message_bytes = 16 * 1024; }, "topic/a.v1", ok},
    {"compaction", [](auto& cluster) { cluster.topics["a.v2"].cleanup_policy = "compact"; },
     "topic/a.v2",
     Status{Condition::degraded, "topic a.v2 is compacted: events of a record may vanish",
            "Set cleanup.policy=delete on a.v2"}},
    {"compaction beside deletion",
     [](auto& cluster) { cluster.topics["a.v2"].cleanup_policy = "compact,delete"; }, "topic/a.v2",
     Status{Condition::degraded, "topic a.v2 is compacted: events of a record may vanish",
            "Set cleanup.policy=delete on a.v2"}},
    {"configurations that we may not read",
     [](auto& cluster) { cluster.topics["a.v1"] = {8, std::nullopt, std::nullopt}; }, "topic/a.v1",
     ok},
};

TEST(Preflight, tells_each_cause_with_its_remedy_and_only_of_what_has_it)
{
    for (const Row& row : rows) {
        kafka::ClusterState cluster = good_cluster();
        row.change(cluster);
        const auto found = judge_cluster(cluster, "ours", eight_partitions(), contract);
        ASSERT_EQ(found.size(), 3u) << row.what;
        for (const auto& [component, status] : found) {
            const Status& expected = component == row.component ? row.expected : ok;
            EXPECT_EQ(status.condition, expected.condition) << row.what << ", " << component;
            EXPECT_EQ(status.cause, expected.cause) << row.what << ", " << component;
            EXPECT_EQ(status.remedy, expected.remedy) << row.what << ", " << component;
        }
    }
}

// What cannot be published at all is told before what may harm it.
TEST(Preflight, tells_the_worst_cause_of_a_topic_that_has_several)
{
    kafka::ClusterState cluster = good_cluster();
    cluster.topics["a.v1"] = {6, 100, "compact"};
    const auto cause = [&] {
        return judge_cluster(cluster, "ours", eight_partitions(), contract).at("topic/a.v1").cause;
    };
    EXPECT_EQ(cause(), "topic a.v1 has 6 partitions, this database is laid out for 8");
    cluster.topics["a.v1"].partitions = 8;
    EXPECT_EQ(cause(), "topic a.v1 takes messages up to 100 bytes, events may have 16384");
}

TEST(Preflight, takes_any_cluster_while_none_is_pinned)
{
    EXPECT_EQ(judge_cluster(good_cluster(), "", eight_partitions(), contract).at("kafka"), ok);
    EXPECT_FALSE(judge_belonging(good_cluster(), "", eight_partitions(), contract));
}

TEST(Preflight, halts_lanes_for_another_cluster_or_count_and_for_nothing_else)
{
    for (const Row& row : rows) {
        kafka::ClusterState cluster = good_cluster();
        row.change(cluster);
        const auto halt = judge_belonging(cluster, "ours", eight_partitions(), contract);
        const std::string what = row.what;
        const bool expected = what == "another cluster" || what == "other partitions";
        ASSERT_EQ(halt.has_value(), expected) << what;
        if (!halt) continue;
        EXPECT_EQ(halt->cause, row.expected.cause);
        EXPECT_EQ(halt->remedy, row.expected.remedy);
    }
}

TEST(Preflight, tells_refused_credentials_from_a_broker_that_is_away)
{
    const auto told = [](kafka::Fault fault) {
        return judge_failure(kafka::Error{fault, "why"}).at("kafka");
    };
    const Status denied{Condition::failed, "why",
                        "Check the credentials in KAFKA_* settings and the broker's ACLs"};
    EXPECT_EQ(told(kafka::Fault::denied), denied);
    const Status away{Condition::failed, "why",
                      "Check that Kafka runs and KAFKA_BROKERS names it. Records are taken "
                      "meanwhile and published once it answers"};
    EXPECT_EQ(told(kafka::Fault::unavailable), away);
}

TEST(Preflight, fits_batches_to_the_smallest_limit_that_is_known)
{
    kafka::ClusterState cluster = good_cluster();
    cluster.topics["a.v1"].max_message_bytes = 20'000;
    EXPECT_EQ(least_message_bytes(cluster), 20'000);
    cluster.topics["a.v1"].max_message_bytes = std::nullopt;
    EXPECT_EQ(least_message_bytes(cluster), 1'048'588);
    cluster.topics["a.v2"].max_message_bytes = std::nullopt;
    EXPECT_EQ(least_message_bytes(cluster), 0);
}

}  // namespace
}  // namespace exchange::outbox
