#pragma once

#include "outbox/layout.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Appends records to one lane: idempotency key, ledger row, event and raw bytes in one statement
// that is one transaction (sql/migrations, append_records). When it returns, the new ones are
// durable. It is the only way into the outbox.
namespace exchange::outbox {

// Views must outlive the call; one without data would be stored as NULL.
struct AppendRow {
    std::string_view source;
    std::string_view key;
    std::array<std::uint8_t, 32> sha256{};
    RecordId record_id;
    Uuid event_id;
    std::string_view correlation_id = "";
    std::string_view kind;
    std::string_view schema_hint = "";
    std::int16_t api = 1;
    std::string_view traceparent = "";
    std::string_view body;
};

enum class AppendOutcome {
    accepted,
    repeated,    // the same key and body: ids are those of the first
    conflicting  // the same key with another body: nothing was stored
};

struct AppendAnswer {
    AppendOutcome outcome = AppendOutcome::accepted;
    RecordId record_id;
    std::string correlation_id;
};

// The layout in the database is another one than the rows were prepared for: read it anew.
class LayoutChanged : public std::runtime_error {
public:
    LayoutChanged() : std::runtime_error{"the lane layout has changed"} {}
};

// One answer a row, in order. No key may occur twice in `rows`. Throws pg::Unavailable (then it is
// not known whether the rows are stored), pg::Refused (nothing is stored), LayoutChanged.
boost::asio::awaitable<std::vector<AppendAnswer>> append(pg::Session& session, const Layout& layout,
                                                         LaneId lane,
                                                         std::span<const AppendRow> rows,
                                                         TimePoint deadline);

// What an append of these rows would answer without storing anything: nothing for a key that is not
// known. Takes no lock, so a record that is committed at this moment may be missed. Throws
// pg::Unavailable and pg::Refused.
boost::asio::awaitable<std::vector<std::optional<AppendAnswer>>>
look_up(pg::Session& session, std::span<const AppendRow> rows, TimePoint deadline);

// Both on a connection of one's own: what a group commit holds. One call at a time. Real:
// make_pg_appender; tests/sim has another.
class Appender {
public:
    virtual ~Appender() = default;
    // Throws pg::Unavailable when there is no connection; then nothing was asked for.
    virtual boost::asio::awaitable<void> connect(TimePoint deadline) = 0;
    virtual boost::asio::awaitable<std::vector<AppendAnswer>>
    append(const Layout& layout, LaneId lane, std::span<const AppendRow> rows,
           TimePoint deadline) = 0;
    virtual boost::asio::awaitable<std::vector<std::optional<AppendAnswer>>>
    look_up(std::span<const AppendRow> rows, TimePoint deadline) = 0;
    virtual void close() = 0;
};

std::unique_ptr<Appender> make_pg_appender(boost::asio::any_io_executor executor,
                                           pg::ConnectConfig config);

}  // namespace exchange::outbox
