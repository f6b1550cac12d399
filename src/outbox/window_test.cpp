#include "outbox/window.hpp"

#include "crypto/digest.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

constexpr LaneId lane{1};

struct Rows {
    Window window;

    Rows& add(std::int64_t id, std::string_view source, std::string_view body)
    {
        OutboxRow row;
        row.id = OutboxId{id};
        row.topic = "record.ingested.v1";
        row.record_id.value.bytes[15] = static_cast<std::uint8_t>(id);
        row.source = source;
        row.kind = "claim";
        row.sha256 = crypto::sha256(body);
        row.correlation_id = "correlation-1";
        row.size = static_cast<std::int32_t>(body.size());
        row.body = body;
        window.rows.push_back(row);
        window.to = row.id;
        return *this;
    }
};

std::vector<Bundle> bundles_of(const Window& window, std::size_t bytes_max,
                               const std::string& key_prefix = {})
{
    BundleTerms terms;
    terms.lane = lane;
    terms.bucket = "raw";
    terms.key_prefix = key_prefix;
    terms.bytes_max = bytes_max;
    return make_bundles(terms, window);
}

BatchTerms terms()
{
    BatchTerms terms;
    terms.lane = lane;
    terms.epoch = Epoch{7};
    terms.partitions = 1;
    return terms;
}

std::string header(const kafka::Message& message, const std::string& name)
{
    for (const auto& [key, value] : message.headers)
        if (key == name) return value;
    return "(none)";
}

TEST(Bundles, hold_one_source_each_byte_for_byte_with_a_newline_between)
{
    const Rows rows = Rows{}.add(3, "a", "{1}").add(5, "b", "{2}").add(9, "a", "{3}");
    const auto bundles = bundles_of(rows.window, 1000);
    ASSERT_EQ(bundles.size(), 2u);
    EXPECT_EQ(bundles[0].bytes, "{1}\n{3}");
    EXPECT_EQ(bundles[0].ids, (std::vector<std::int64_t>{3, 9}));
    EXPECT_EQ(bundles[0].lengths, (std::vector<std::int32_t>{3, 3}));
    EXPECT_EQ(bundles[0].sha256, crypto::sha256("{1}\n{3}"));
    EXPECT_EQ(bundles[1].bytes, "{2}");
}

TEST(Bundles, end_before_they_pass_the_maximum_but_take_one_larger_row_alone)
{
    const Rows rows = Rows{}.add(1, "a", "123456").add(2, "a", "12").add(3, "a", "12");
    const auto bundles = bundles_of(rows.window, 5);
    ASSERT_EQ(bundles.size(), 2u);
    EXPECT_EQ(bundles[0].bytes, "123456");
    EXPECT_EQ(bundles[1].bytes, "12\n12");
}

TEST(Bundles, have_keys_that_sort_by_id_and_name_their_content)
{
    const Rows rows = Rows{}.add(3, "a", "x").add(12, "b", "y");
    const auto bundles = bundles_of(rows.window, 1000);
    EXPECT_EQ(bundles[0].key.substr(0, 34), "bundles/01/0000000000000000003-3-a");
    EXPECT_LT(bundles[0].key, bundles[1].key);
    EXPECT_EQ(bundles_of(rows.window, 1000)[0].key, bundles[0].key);
}

TEST(Bundles, are_made_again_from_their_rows)
{
    const Rows rows = Rows{}.add(3, "a", "{1}").add(5, "b", "{2}").add(9, "a", "{3}");
    std::vector<Bundle> bundles = bundles_of(rows.window, 1000, "north/");
    const std::vector<Bundle> made = bundles;
    for (Bundle& bundle : bundles) bundle.bytes = bundle.key = "";
    BundleTerms terms;
    terms.lane = lane;
    terms.bucket = "raw";
    terms.key_prefix = "north/";
    ASSERT_TRUE(lie_there(terms, bundles));
    ASSERT_TRUE(refill_bundles(terms, rows.window, bundles));
    for (std::size_t at = 0; at < made.size(); ++at) {
        EXPECT_EQ(bundles[at].bytes, made[at].bytes);
        EXPECT_EQ(bundles[at].key, made[at].key);
    }
    Rows other = rows;
    other.window.rows[1].body = "{9}";
    EXPECT_FALSE(refill_bundles(terms, other.window, bundles));
    other.window.rows.pop_back();
    EXPECT_FALSE(refill_bundles(terms, other.window, bundles));
}

TEST(Bundles, can_belong_where_the_store_is_now)
{
    const Rows rows = Rows{}.add(3, "a", "{1}");
    std::vector<Bundle> bundles = bundles_of(rows.window, 1000, "north/");
    BundleTerms terms;
    terms.lane = lane;
    terms.bucket = "raw";
    terms.key_prefix = "south/";
    EXPECT_FALSE(lie_there(terms, bundles));
    terms.key_prefix = "north/";
    terms.bucket = "other";
    EXPECT_FALSE(lie_there(terms, bundles));
    move_there(terms, bundles);
    EXPECT_TRUE(lie_there(terms, bundles));
    EXPECT_EQ(bundles[0].object_key, "north/" + bundles[0].key);
    EXPECT_TRUE(refill_bundles(terms, rows.window, bundles));
}

TEST(Batch, numbers_on_from_where_the_partition_stands)
{
    const Rows rows = Rows{}.add(11, "a", "{1}").add(12, "a", "{2}");
    const auto bundles = bundles_of(rows.window, 1000);
    const Positions positions{{{"record.ingested.v1", 0}, Position{99, 40, 10}}};
    const Batch batch = make_batch(terms(), rows.window, bundles, positions);
    ASSERT_EQ(batch.outgoing.size(), 2u);
    EXPECT_EQ(header(batch.outgoing[0].message, "x-pseq"), "41");
    EXPECT_EQ(header(batch.outgoing[1].message, "x-pseq"), "42");
    EXPECT_EQ(header(batch.outgoing[1].message, "x-id"), "12");
    EXPECT_EQ(header(batch.outgoing[1].message, "x-epoch"), "7");
    EXPECT_NE(batch.outgoing[1].message.value.find("\"offset\":4,\"length\":3"), std::string::npos)
        << batch.outgoing[1].message.value;
}

TEST(Batch, passes_over_what_the_log_holds_and_what_is_held)
{
    Rows rows =
        Rows{}.add(9, "a", "{1}").add(10, "a", "{2}").add(11, "a", "{3}").add(12, "a", "{4}");
    rows.window.rows[2].held = true;
    const auto bundles = bundles_of(rows.window, 1000);
    const Positions positions{{{"record.ingested.v1", 0}, Position{99, 40, 10}}};
    const Batch batch = make_batch(terms(), rows.window, bundles, positions);
    EXPECT_EQ(batch.passed_over, 2u);
    EXPECT_EQ(batch.held, 1u);
    ASSERT_EQ(batch.outgoing.size(), 1u);
    EXPECT_EQ(header(batch.outgoing[0].message, "x-id"), "12");
    EXPECT_EQ(header(batch.outgoing[0].message, "x-pseq"), "41");
}

TEST(Batch, puts_the_prefix_before_the_topic)
{
    const Rows rows = Rows{}.add(1, "a", "{}");
    const auto bundles = bundles_of(rows.window, 1000);
    BatchTerms prefixed = terms();
    prefixed.topic_prefix = "site7.";
    const Batch batch = make_batch(prefixed, rows.window, bundles, {});
    EXPECT_EQ(batch.outgoing.at(0).message.topic, "site7.record.ingested.v1");
}

TEST(Batch, names_the_object_with_the_stores_prefix)
{
    const Rows rows = Rows{}.add(1, "a", "{}");
    const auto bundles = bundles_of(rows.window, 1000, "site7/");
    EXPECT_TRUE(bundles[0].key.starts_with("bundles/"));
    const Batch batch = make_batch(terms(), rows.window, bundles, {});
    EXPECT_NE(batch.outgoing.at(0).message.value.find("\"key\":\"site7/bundles/"),
              std::string::npos);
}

TEST(Batch, refuses_a_row_without_a_bundle)
{
    const Rows rows = Rows{}.add(1, "a", "{}");
    EXPECT_THROW(make_batch(terms(), rows.window, {}, {}), std::logic_error);
}

}  // namespace
}  // namespace exchange::outbox
