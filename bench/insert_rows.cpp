#include "bench/insert_rows.hpp"
#include "base/started.hpp"
#include "bench/insert_bare.hpp"
#include "bench/make_bare.hpp"
#include "crypto/digest.hpp"
#include "outbox/append.hpp"
#include "support/pg.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <fmt/format.h>

// What Postgres takes at best from connections like ours, and what the append costs beyond that:
// plain multi-row inserts of the same rows against append_records, and one row alone against a bare
// commit. The two of a pair take turns, so that a busy machine slows both. Prints one JSON object.
namespace exchange::bench {
namespace {

namespace asio = boost::asio;

constexpr pg::Statement insert_rows_statement{"insert_rows", insert_rows.data()};
constexpr pg::Statement insert_bare_statement{"insert_bare", insert_bare.data()};

struct Shape {
    int connections = 2;
    int rows = 32;
    std::size_t body_bytes = 2048;
    int slice_ms = 1000;
    int rounds = 5;
    // Of the pair, for a profile of one; both when empty.
    std::string only;
};

enum class How { insert, append };

// The rows of one statement, with what their views point to.
struct Group {
    std::deque<std::string> keys;
    std::vector<outbox::AppendRow> rows;
};

struct Writer {
    Writer(asio::io_context& io, pg::ConnectConfig config, LaneId number)
        : session{io.get_executor(), std::move(config)}, lane{number}
    {
    }

    pg::Session session;
    LaneId lane;
    SystemRandom random;
};

template <class Of>
auto column(const std::vector<outbox::AppendRow>& rows, Of of)
{
    std::vector<decltype(of(rows[0]))> values;
    for (const outbox::AppendRow& row : rows) values.push_back(of(row));
    return values;
}

pg::Params insert_params(LaneId lane, const std::vector<outbox::AppendRow>& rows)
{
    using Row = outbox::AppendRow;
    const auto digest = [](const Row& row) {
        return std::string_view{reinterpret_cast<const char*>(row.sha256.data()),
                                row.sha256.size()};
    };
    pg::Params params;
    params.int2(number(lane));
    params.text_array(column(rows, [](const Row& row) { return row.source; }));
    params.text_array(column(rows, [](const Row& row) { return row.key; }));
    params.bytea_array(column(rows, digest));
    params.uuid_array(column(rows, [](const Row& row) { return row.record_id.value; }));
    params.uuid_array(column(rows, [](const Row& row) { return row.event_id; }));
    params.text_array(column(rows, [](const Row& row) { return row.correlation_id; }));
    params.text_array(column(rows, [](const Row& row) { return row.kind; }));
    params.bytea_array(column(rows, [](const Row& row) { return row.body; }));
    return params;
}

class Bench {
public:
    explicit Bench(Shape shape)
        : shape_{shape}, body_(shape.body_bytes, 'x'), sha256_{crypto::sha256(body_)}
    {
        const auto connection = database_.open(io_);
        test::run(io_, connection->script(std::string{make_bare}, test::soon()));
        for (int at = 0; at < shape.connections; ++at)
            writers_.emplace_back(io_, database_.config(), LaneId{static_cast<std::int16_t>(at)});
        layout_ = test::run(io_, outbox::read_layout(writers_.front().session, test::soon()));
        if (layout_.lanes < shape.connections)
            throw std::invalid_argument{"there is one connection a lane at most"};
    }

    // Rows a second over all rounds, by How.
    std::array<double, 2> rates()
    {
        std::array<double, 2> sums{};
        for (int round = -1; round < shape_.rounds; ++round) {
            for (const How how : {How::insert, How::append}) {
                if (shape_.only == (how == How::insert ? "append" : "insert")) continue;
                const double rate = test::run(io_, slice(how));
                // The first one prepares and fills caches.
                if (round >= 0) sums[static_cast<std::size_t>(how)] += rate / shape_.rounds;
            }
        }
        return sums;
    }

    // Medians in microseconds of one row alone: bare, appended.
    std::array<double, 2> medians()
    {
        std::array<std::vector<double>, 2> seen;
        for (int turn = 0; turn < shape_.rounds * 200; ++turn) {
            seen[0].push_back(test::run(io_, bare_once()));
            seen[1].push_back(test::run(io_, append_once()));
        }
        for (auto& values : seen) std::sort(values.begin(), values.end());
        return {seen[0][seen[0].size() / 2], seen[1][seen[1].size() / 2]};
    }

private:
    Group make_group(Writer& writer, int rows)
    {
        Group group;
        const std::int64_t now_ms = unix_ms_now();
        for (int at = 0; at < rows; ++at) {
            group.keys.push_back(fmt::format("bench-{:012}", ++serial_));
            outbox::AppendRow row;
            row.source = "bench.north";
            row.key = group.keys.back();
            row.sha256 = sha256_;
            row.record_id = outbox::draw_record_id(layout_, writer.lane, now_ms, writer.random);
            row.event_id = make_uuid_v7(now_ms, writer.random);
            row.correlation_id = "0190b5a4-8c6e-7000-8000-000000000000";
            row.kind = "lab_result";
            row.body = body_;
            group.rows.push_back(row);
        }
        return group;
    }

    asio::awaitable<std::size_t> write_until(Writer& writer, How how, TimePoint end)
    {
        std::size_t rows = 0;
        while (SteadyClock::now() < end) {
            const Group group = make_group(writer, shape_.rows);
            if (how == How::append) {
                co_await outbox::append(writer.session, layout_, writer.lane, group.rows,
                                        test::soon());
            } else {
                pg::Params params = insert_params(writer.lane, group.rows);
                co_await writer.session.run(insert_rows_statement, std::move(params), test::soon());
            }
            rows += group.rows.size();
        }
        co_return rows;
    }

    asio::awaitable<double> slice(How how)
    {
        const TimePoint begun = SteadyClock::now();
        const TimePoint end = begun + std::chrono::milliseconds{shape_.slice_ms};
        std::vector<Started<std::size_t>> running;
        for (Writer& writer : writers_)
            running.emplace_back(io_.get_executor(), write_until(writer, how, end));
        std::size_t rows = 0;
        for (Started<std::size_t>& writer : running) rows += co_await writer.get();
        const std::chrono::duration<double> took = SteadyClock::now() - begun;
        co_return static_cast<double>(rows) / took.count();
    }

    static double microseconds_since(TimePoint begun)
    {
        return std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count();
    }

    asio::awaitable<double> bare_once()
    {
        pg::Params params;
        params.bytea(body_);
        const TimePoint begun = SteadyClock::now();
        co_await writers_.front().session.run(insert_bare_statement, std::move(params),
                                              test::soon());
        co_return microseconds_since(begun);
    }

    asio::awaitable<double> append_once()
    {
        Writer& writer = writers_.front();
        const Group group = make_group(writer, 1);
        const TimePoint begun = SteadyClock::now();
        co_await outbox::append(writer.session, layout_, writer.lane, group.rows, test::soon());
        co_return microseconds_since(begun);
    }

    Shape shape_;
    std::string body_;
    std::array<std::uint8_t, 32> sha256_;
    asio::io_context io_{1};
    test::PgDatabase database_;
    std::deque<Writer> writers_;
    outbox::Layout layout_;
    std::uint64_t serial_ = 0;
};

int run(int argc, char** argv)
{
    Shape shape;
    CLI::App options{"Multi-row inserts against append_records, on the server of EXCHANGE_TEST_PG"};
    options.add_option("--connections", shape.connections);
    options.add_option("--rows", shape.rows, "rows of one statement");
    options.add_option("--bytes", shape.body_bytes, "of one row's raw bytes");
    options.add_option("--slice-ms", shape.slice_ms, "how long one side has its turn");
    options.add_option("--rounds", shape.rounds);
    options.add_option("--only", shape.only)->check(CLI::IsMember({"insert", "append"}));
    CLI11_PARSE(options, argc, argv);

    Bench bench{shape};
    const auto [inserted, appended] = bench.rates();
    const auto [bare_us, append_us] =
        shape.only.empty() ? bench.medians() : std::array<double, 2>{};
    fmt::print("{{\"connections\":{},\"rows\":{},\"bytes\":{},\"insert_rows_per_s\":{:.0f},"
               "\"append_rows_per_s\":{:.0f},\"bare_commit_p50_us\":{:.0f},"
               "\"append_one_p50_us\":{:.0f}}}\n",
               shape.connections, shape.rows, shape.body_bytes, inserted, appended, bare_us,
               append_us);
    return 0;
}

}  // namespace
}  // namespace exchange::bench

int main(int argc, char** argv)
{
    try {
        return exchange::bench::run(argc, argv);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "{}\n", failure.what());
        return 1;
    }
}
