#pragma once

#include <string>

namespace exchange::app {

// Who runs this process, for the audit: user@host.
std::string operator_name();

}  // namespace exchange::app
