#pragma once

#include <string_view>

namespace exchange::objects {

// What may be the key of an object in every kind of store: 1 to 1024 bytes, parts separated by '/',
// no part empty, "." or "..", no control characters, and none of the names a directory store gives
// to files it is still writing.
bool is_object_key(std::string_view key);

// Such a name, as the part of a key after the last '/'.
bool is_unfinished(std::string_view file_name);

}  // namespace exchange::objects
