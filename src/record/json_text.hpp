#pragma once

#include <string>
#include <string_view>

namespace exchange::record {

// Appends `text` as a JSON string with its quotes. It must be UTF-8; it is copied as it is but for
// what RFC 8259 says must be escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace exchange::record
