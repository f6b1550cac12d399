#include "sim/headers.hpp"

#include <charconv>

namespace exchange::sim {

std::string_view text_header(const kafka::Message& message, std::string_view name)
{
    for (const auto& [key, value] : message.headers)
        if (key == name) return value;
    return {};
}

std::int64_t number_header(const kafka::Message& message, std::string_view name)
{
    const std::string_view text = text_header(message, name);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool is_poison(const World& world, const kafka::Message& message)
{
    const std::int64_t id = number_header(message, "x-id");
    return id > 0 &&
           Dice{world.seed + static_cast<std::uint64_t>(id) * 7919}.chance(world.plan.poison);
}

}  // namespace exchange::sim
