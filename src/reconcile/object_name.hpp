#pragma once

#include "base/ids.hpp"

#include <optional>
#include <string_view>

namespace exchange::reconcile {

// All bundles of a store lie under this.
inline constexpr std::string_view bundles_prefix = "bundles/";

struct ObjectName {
    LaneId lane{};
    std::int64_t first_id = 0;
};

// What a bundle's key (outbox/window.hpp, bundle_key) says, without the store's own prefix; nothing
// for a key that no relay makes.
std::optional<ObjectName> parse_object_name(std::string_view key);

}  // namespace exchange::reconcile
