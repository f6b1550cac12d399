#include "outbox/raw_bytes.hpp"

#include "outbox/sql.hpp"

#include <fmt/format.h>

namespace exchange::outbox {

namespace {

BytesGone no_bytes(std::int64_t id, const char* why)
{
    return BytesGone{
        fmt::format("the raw bytes of outbox row {} are gone: {}. Hint: restore its bundle from "
                    "the bucket's versions or a backup",
                    id, why)};
}

}  // namespace

boost::asio::awaitable<std::vector<std::optional<std::string>>>
unstaged_bytes(pg::Session& session, objects::RawStore& store, std::span<const std::int64_t> ids,
               TimePoint deadline)
{
    pg::Params params;
    params.int8_array(ids);
    const pg::Rows places = co_await session.run(sql::places_of_rows, std::move(params), deadline);
    const std::string prefix = store.key_prefix();
    std::vector<std::optional<std::string>> bodies;
    for (int row = 0; row < places.size(); ++row) {
        const std::int64_t id = places.integer(row, 0);
        if (places.boolean(row, 2)) {
            bodies.emplace_back();
            continue;
        }
        const std::string key{places.bytes(row, 4)};
        if (key.empty()) throw no_bytes(id, "neither staged nor in a bundle");
        if (places.bytes(row, 3) != store.bucket() || !key.starts_with(prefix))
            throw no_bytes(id, "its bundle is in another raw store than RAW_STORE");
        const auto offset = static_cast<std::uint64_t>(places.integer(row, 5));
        const auto length = static_cast<std::uint64_t>(places.integer(row, 1));
        bodies.emplace_back(
            co_await store.get(key.substr(prefix.size()), offset, length, deadline));
    }
    if (bodies.size() != ids.size())
        throw std::runtime_error{"an outbox row is not in the database any more"};
    co_return bodies;
}

std::vector<std::string_view> as_elements(const std::vector<std::optional<std::string>>& bodies)
{
    std::vector<std::string_view> elements;
    for (const std::optional<std::string>& body : bodies)
        elements.push_back(body ? std::string_view{*body} : std::string_view{});
    return elements;
}

}  // namespace exchange::outbox
