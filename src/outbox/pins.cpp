#include "outbox/pins.hpp"

#include "outbox/sql.hpp"

#include <fmt/format.h>

namespace exchange::outbox {

namespace asio = boost::asio;

asio::awaitable<std::vector<Pin>> read_identity(pg::Session& session, TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::identity, std::move(none), deadline);
    std::vector<Pin> pins;
    for (int row = 0; row < rows.size(); ++row) {
        Pin pin;
        pin.name = rows.bytes(row, 0);
        pin.value = rows.bytes(row, 1);
        if (!rows.is_null(row, 2)) pin.pinned = rows.bytes(row, 2);
        pins.push_back(std::move(pin));
    }
    co_return pins;
}

std::optional<Halt> judge_identity(const std::vector<Pin>& pins)
{
    for (const Pin& pin : pins) {
        if (!pin.pinned || *pin.pinned == pin.value) continue;
        if (pin.name == pin_system)
            return Halt{fmt::format("this is the Postgres cluster {}, but lanes were published "
                                    "from {}",
                                    pin.value, *pin.pinned),
                        "Correct DATABASE_URL. If the data was moved here for good, see that "
                        "nobody publishes from the old one, compare with exchange reconcile, then "
                        "run exchange pins accept postgres_system_identifier"};
        return Halt{fmt::format("Postgres is on timeline {}, but was on {} when it was last "
                                "accepted: a standby was promoted or a backup restored",
                                pin.value, *pin.pinned),
                    "Compare with exchange reconcile, then run exchange pins accept "
                    "postgres_timeline (docs/runbook/lane-halted.md)"};
    }
    return std::nullopt;
}

asio::awaitable<std::string> pin(pg::Session& session, std::string name, std::string value,
                                 TimePoint deadline)
{
    pg::Params params;
    params.text(name).text(value);
    const pg::Rows rows = co_await session.run(sql::pin, std::move(params), deadline);
    if (rows.size() == 1) co_return std::string{rows.bytes(0, 0)};
    // Another process pinned it while this statement ran: the next statement sees which value.
    co_return co_await pinned(session, std::move(name), deadline);
}

asio::awaitable<std::string> pinned(pg::Session& session, std::string name, TimePoint deadline)
{
    pg::Params params;
    params.text(name);
    const pg::Rows rows = co_await session.run(sql::pinned, std::move(params), deadline);
    co_return rows.size() == 0 ? std::string{} : std::string{rows.bytes(0, 0)};
}

asio::awaitable<std::vector<Pin>> list_pins(pg::Session& session, TimePoint deadline)
{
    pg::Params none;
    const pg::Rows rows = co_await session.run(sql::list_pins, std::move(none), deadline);
    std::vector<Pin> pins;
    for (int row = 0; row < rows.size(); ++row) {
        Pin pin;
        pin.name = rows.bytes(row, 0);
        pin.pinned = rows.bytes(row, 1);
        pins.push_back(std::move(pin));
    }
    co_return pins;
}

asio::awaitable<bool> accept_pin(pg::Session& session, Pin change, std::string actor,
                                 std::string reason, TimePoint deadline)
{
    pg::Params params;
    params.text(change.name).text(change.pinned.value()).text(change.value);
    params.text(actor).text(reason);
    const pg::Rows rows = co_await session.run(sql::accept_pin, std::move(params), deadline);
    co_return rows.boolean(0, 0);
}

}  // namespace exchange::outbox
