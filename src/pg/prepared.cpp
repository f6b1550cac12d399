#include "pg/prepared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace exchange::pg {
namespace {

std::span<const unsigned> types_of(const Params& params)
{
    return {params.types(), static_cast<std::size_t>(params.size())};
}

}  // namespace

bool PreparedStatements::knows(const Statement& statement, const Params& params) const
{
    const auto at = known_.find(std::string_view{statement.name});
    if (at == known_.end()) return false;
    if (at->second.text != statement.text)
        throw std::logic_error{fmt::format("two statements are named {}", statement.name)};
    if (!std::ranges::equal(at->second.types, types_of(params)))
        throw std::logic_error{
            fmt::format("{} was used with other parameter types before", statement.name)};
    return true;
}

void PreparedStatements::add(const Statement& statement, const Params& params)
{
    const std::span<const unsigned> types = types_of(params);
    known_.insert_or_assign(statement.name, Known{statement.text, {types.begin(), types.end()}});
}

}  // namespace exchange::pg
