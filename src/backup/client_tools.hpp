#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Finds Postgres' own client programs: on PATH, then where Debian keeps each version.
namespace exchange::backup {

// "pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" is 15; nothing for what is no such line.
std::optional<int> major_version_in(std::string_view version_line);

// Where a program may be, in the order in which it is looked for.
std::vector<std::filesystem::path> places_of(const std::string& program, std::string_view path,
                                             const std::filesystem::path& versions);

// The first that is not older than the server, whose major version is given: an older one cannot
// read a newer server. `path` is the variable PATH. Throws Unavailable, naming what was found and
// what to install.
std::string find_client(const std::string& program, int server_major, std::string_view path);

}  // namespace exchange::backup
