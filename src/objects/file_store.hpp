#pragma once

#include "objects/raw_store.hpp"

#include <memory>
#include <string>

namespace exchange::objects {

// The directory of a file:// URL. Throws std::invalid_argument naming RAW_STORE.
std::string directory_of(const std::string& url);

// Works on two threads of its own; results come back on the caller's executor, whose context must
// outlive the store.
std::unique_ptr<RawStore> make_file_store(std::string directory);

}  // namespace exchange::objects
