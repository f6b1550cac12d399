#pragma once

#include "pg/connection.hpp"

#include <map>
#include <string>
#include <vector>

// What a connection is opened with: libpq keywords and values.
namespace exchange::pg {

using Options = std::map<std::string, std::string>;

// The connection string, libpq's environment for what it leaves out, and our own settings. What an
// operator wrote wins over ours. Throws `Unavailable` when the string is not one; its text, which
// may hold a password, is not repeated.
Options make_options(const ConnectConfig& config);

// What a connection string says, as libpq's environment variables: for a client program of
// Postgres, whose arguments everybody may read. Throws as `make_options`.
std::map<std::string, std::string> environment_of(const std::string& conninfo);

// One server to try, as libpq's parallel lists name it.
struct Host {
    std::string name;
    std::string port;

    // A name that has to be looked up, as opposed to an address, or a socket's folder.
    bool needs_lookup() const;
};

// Empty when there is nothing to look up because libpq's default or `hostaddr` is used.
std::vector<Host> hosts_of(const Options& options);

}  // namespace exchange::pg
