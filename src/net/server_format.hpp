#pragma once

#include "net/http.hpp"

#include <string>

namespace exchange::net {

// What follows the response on this connection. HTTP/1.0 clients must be told that it stays open.
enum class Afterwards { keep_alive, keep_alive_1_0, close };

// Appends status line, fields and the empty line. The body, sent or not, decides Content-Length.
void format_head(std::string& out, const Response& response, Afterwards afterwards);

}  // namespace exchange::net
