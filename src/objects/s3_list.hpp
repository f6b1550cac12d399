#pragma once

#include "objects/raw_store.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// What an S3 server says of objects. Pure; anything unexpected is "nothing", never a guess.
namespace exchange::objects {

struct ListPage {
    std::vector<ObjectInfo> objects;
    // There are more after the last one.
    bool truncated = false;
};

std::optional<ListPage> parse_list_page(std::string_view body);

// "2026-01-31T23:59:59.123Z", as in lists.
std::optional<std::int64_t> parse_iso_time_ms(std::string_view text);
// "Sat, 31 Jan 2026 23:59:59 GMT", as in Last-Modified.
std::optional<std::int64_t> parse_http_time_ms(std::string_view text);

}  // namespace exchange::objects
