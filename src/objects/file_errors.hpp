#pragma once

#include <string>
#include <string_view>

namespace exchange::objects {

// Throws the StoreError for an errno of a call on something below `root`. ENOENT here means that
// the root itself is missing: callers deal with missing objects before.
[[noreturn]] void throw_file_error(int error, const std::string& root, std::string_view doing);

bool directory_exists(const std::string& path);

}  // namespace exchange::objects
