#include "app/exit_code.hpp"

#include "app/config.hpp"
#include "backup/errors.hpp"
#include "kafka/errors.hpp"
#include "objects/raw_store.hpp"
#include "pg/errors.hpp"

namespace exchange::app {
namespace {

template <class Kind>
bool is(const std::exception& error)
{
    return dynamic_cast<const Kind*>(&error) != nullptr;
}

}  // namespace

bool is_denied(const std::exception& error)
{
    if (const auto* store = dynamic_cast<const objects::StoreError*>(&error))
        return store->fault() == objects::StoreFault::denied;
    if (const auto* broker = dynamic_cast<const kafka::Error*>(&error))
        return broker->fault() == kafka::Fault::denied;
    return is<pg::Denied>(error);
}

ExitCode exit_code_of(const std::exception& error)
{
    if (is_denied(error)) return exit_auth;
    if (is<ConfigError>(error) || is<std::invalid_argument>(error)) return exit_usage;
    if (is<backup::Damaged>(error)) return exit_difference;
    if (is<backup::Conflict>(error)) return exit_conflict;
    const bool away = is<pg::Unavailable>(error) || is<kafka::Error>(error) ||
                      is<objects::StoreError>(error) || is<backup::Unavailable>(error);
    return away ? exit_unavailable : exit_internal;
}

}  // namespace exchange::app
