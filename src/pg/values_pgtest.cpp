#include "pg/connection.hpp"
#include "pg/oids.hpp"
#include "support/pg.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace exchange::pg {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// One connection for all: values leave nothing behind.
class Values : public testing::Test {
protected:
    Rows ask(const char* sql, Params params)
    {
        const std::string name = "ask" + std::to_string(asked_++);
        return test::run(io_,
                         connection_->run({name.c_str(), sql}, std::move(params), test::soon()));
    }

    boost::asio::io_context io_;
    std::unique_ptr<Connection> connection_ = test::open_pg(io_, test::pg_server());
    int asked_ = 0;
};

TEST_F(Values, keep_numbers_at_their_limits)
{
    for (const std::int64_t sign : {-1, 1}) {
        const auto small = static_cast<std::int16_t>(32767 * sign);
        const auto medium = static_cast<std::int32_t>(2'147'483'647 * sign);
        const std::int64_t large = std::numeric_limits<std::int64_t>::max() * sign;
        Params params;
        params.int2(small).int4(medium).int8(large).float8(0.1 * static_cast<double>(sign));
        params.boolean(sign > 0);
        const Rows rows = ask("SELECT $1, $2, $3, $4, $5, $3::text", std::move(params));
        EXPECT_EQ(rows.integer(0, 0), small);
        EXPECT_EQ(rows.integer(0, 1), medium);
        EXPECT_EQ(rows.integer(0, 2), large);
        EXPECT_EQ(rows.float8(0, 3), 0.1 * static_cast<double>(sign));
        EXPECT_EQ(rows.boolean(0, 4), sign > 0);
        EXPECT_EQ(rows.bytes(0, 5), std::to_string(large));
    }
}

TEST_F(Values, keep_bytes_as_they_are)
{
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    Params params;
    params.bytea(all).text("žluťoučký \"kůň\"").bytea(""sv).text("").jsonb(R"({"a": [1]})");
    const Rows rows = ask("SELECT $1, $2, $3, $4, $5, $5::json, $2::varchar, length($1), 'x'::name",
                          std::move(params));
    EXPECT_EQ(rows.bytes(0, 0), all);
    EXPECT_EQ(rows.bytes(0, 1), "žluťoučký \"kůň\"");
    EXPECT_FALSE(rows.is_null(0, 2));
    EXPECT_EQ(rows.bytes(0, 2), "");
    EXPECT_EQ(rows.bytes(0, 3), "");
    EXPECT_EQ(rows.bytes(0, 4), R"({"a": [1]})");
    EXPECT_EQ(rows.bytes(0, 5), R"({"a": [1]})");
    EXPECT_EQ(rows.bytes(0, 6), "žluťoučký \"kůň\"");
    EXPECT_EQ(rows.integer(0, 7), 256);
    EXPECT_EQ(rows.bytes(0, 8), "x");
}

TEST_F(Values, keep_times_uuids_and_intervals)
{
    const Uuid uuid = *parse_uuid("01890a5d-ac96-774b-bcce-b302099a8057");
    Params params;
    params.uuid(uuid)
        .timestamptz(1'700'000'000'123'456)
        .timestamptz(-1)
        .interval(-90'061'000'001us);
    const Rows rows = ask("SELECT $1, $2, $3, $4::text, $1::text, extract(epoch FROM $2)::text, "
                          "'infinity'::timestamptz, '-infinity'::timestamptz",
                          std::move(params));
    EXPECT_EQ(rows.uuid(0, 0), uuid);
    EXPECT_EQ(rows.unix_us(0, 1), 1'700'000'000'123'456);
    EXPECT_EQ(rows.unix_us(0, 2), -1);
    EXPECT_EQ(rows.bytes(0, 3), "-25:01:01.000001");
    EXPECT_EQ(rows.bytes(0, 4), to_string(uuid));
    EXPECT_EQ(rows.bytes(0, 5), "1700000000.123456");
    EXPECT_EQ(rows.unix_us(0, 6), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(rows.unix_us(0, 7), std::numeric_limits<std::int64_t>::min());
}

TEST_F(Values, know_null_for_every_type)
{
    for (const unsigned type : {oid::boolean, oid::int2, oid::int8, oid::text, oid::bytea,
                                oid::uuid, oid::interval, oid::int8_array, oid::text_array}) {
        Params params;
        params.null(type).int4(1);
        const Rows rows = ask("SELECT $1, $2", std::move(params));
        EXPECT_TRUE(rows.is_null(0, 0)) << type;
        EXPECT_FALSE(rows.is_null(0, 1)) << type;
    }
}

TEST_F(Values, keep_arrays)
{
    const std::vector<std::int16_t> small{-1, 0, 32767};
    const std::vector<std::int32_t> medium{-2'000'000'000, 7};
    const std::vector<std::int64_t> large{std::numeric_limits<std::int64_t>::min(), 1};
    const std::vector<std::string_view> texts{"", "a,b", {}, "\"q\""};
    const std::vector<std::string_view> bytes{"\xff\0\x80"sv, {}, ""};
    const std::vector<Uuid> uuids{Uuid{}, *parse_uuid("01890a5d-ac96-774b-bcce-b302099a8057")};
    const bool flags[] = {true, false};
    const std::vector<std::int64_t> times{0, 1'700'000'000'000'000};
    Params params;
    params.int2_array(small).int4_array(medium).int8_array(large).text_array(texts);
    params.bytea_array(bytes).uuid_array(uuids).boolean_array(flags).timestamptz_array(times);
    const Rows rows = ask("SELECT $1, $2, $3, $4, $5, $6, $7::text, "
                          "extract(epoch FROM $8[2])::bigint, $4::varchar[]",
                          std::move(params));
    EXPECT_EQ(rows.integers(0, 0), (std::vector<std::int64_t>{-1, 0, 32767}));
    EXPECT_EQ(rows.integers(0, 1), (std::vector<std::int64_t>{-2'000'000'000, 7}));
    EXPECT_EQ(rows.integers(0, 2), large);
    EXPECT_EQ(rows.byte_strings(0, 3), texts);
    EXPECT_EQ(rows.byte_strings(0, 3)[2].data(), nullptr);
    EXPECT_NE(rows.byte_strings(0, 3)[0].data(), nullptr);
    EXPECT_EQ(rows.byte_strings(0, 4), bytes);
    EXPECT_EQ(rows.uuids(0, 5), uuids);
    EXPECT_EQ(rows.bytes(0, 6), "{t,f}");
    EXPECT_EQ(rows.integer(0, 7), 1'700'000'000);
    EXPECT_EQ(rows.byte_strings(0, 8).size(), 4u);
}

TEST_F(Values, keep_empty_arrays)
{
    Params params;
    params.int2_array({}).int4_array({}).int8_array({}).text_array({}).bytea_array({});
    params.uuid_array({}).boolean_array({}).timestamptz_array({});
    const Rows rows = ask("SELECT $1, $2, $3, $4, $5, $6, cardinality($7), cardinality($8), "
                          "(SELECT count(*) FROM unnest($3, $4, $5))",
                          std::move(params));
    for (int column = 0; column < 3; ++column) EXPECT_TRUE(rows.integers(0, column).empty());
    for (int column = 3; column < 5; ++column) EXPECT_TRUE(rows.byte_strings(0, column).empty());
    EXPECT_TRUE(rows.uuids(0, 5).empty());
    for (int column = 6; column < 9; ++column) EXPECT_EQ(rows.integer(0, column), 0);
}

TEST_F(Values, call_a_wrong_read_a_programmers_mistake)
{
    const Rows rows = ask("SELECT 1::int4, NULL::int4, ARRAY[1, NULL]::int4[], "
                          "ARRAY[ARRAY[1]]::int4[]",
                          {});
    EXPECT_THROW(rows.bytes(0, 0), std::logic_error);
    EXPECT_THROW(rows.integer(0, 1), std::logic_error);
    EXPECT_THROW(rows.integers(0, 2), std::logic_error);
    EXPECT_THROW(rows.integers(0, 3), std::logic_error);
    EXPECT_THROW(rows.integer(1, 0), std::logic_error);
    EXPECT_THROW(rows.integer(0, 4), std::logic_error);
}

TEST_F(Values, of_twenty_mebibytes_go_there_and_back)
{
    std::string body(20 << 20, '\0');
    for (std::size_t i = 0; i < body.size(); ++i)
        body[i] = static_cast<char>(i * 2654435761u >> 13);
    Params params;
    params.bytea(body);
    const Rows rows = ask("SELECT $1, length($1)", std::move(params));
    EXPECT_EQ(rows.integer(0, 1), 20 << 20);
    EXPECT_TRUE(rows.bytes(0, 0) == body);
}

}  // namespace
}  // namespace exchange::pg
