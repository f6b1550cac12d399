#pragma once

#include "pg/connection.hpp"
#include "pg/link.hpp"

// Opens a link: ready for pipelines when this returns.
namespace exchange::pg {

// Throws `Unavailable` for whatever reason it fails: wrong credentials and missing databases too,
// since an operator may put them right while we try again. Of those, `Denied` is what the server
// did not let in.
boost::asio::awaitable<std::shared_ptr<Link>> connect(boost::asio::any_io_executor executor,
                                                      ConnectConfig config, TimePoint deadline);

// libpq's report of a failed attempt (the last line that names a cause) and what to do about it.
std::string explain_connect_failure(std::string_view where, std::string_view report);

// The SQLSTATE of that line; empty where it was not the server that spoke, or not verbosely.
std::string_view sqlstate_of_connect_failure(std::string_view report);

}  // namespace exchange::pg
