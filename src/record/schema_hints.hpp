#pragma once

#include <array>
#include <string_view>

// The mappings a v2 record may name: the one place that declares them. The schemas in contracts/
// list the same (tests/contracts holds them against each other).
namespace exchange::record {

inline constexpr std::array<std::string_view, 3> schema_hints{"partnerA.v1", "partnerA.v2",
                                                              "partnerB.v1"};

}  // namespace exchange::record
