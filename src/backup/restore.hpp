#pragma once

#include "backup/document.hpp"
#include "backup/object_walk.hpp"
#include "pg/session.hpp"

// Puts a backup into a database and a raw store that are empty, or next to a raw store that still
// lives (docs/guides/backup.md). Nothing is changed before all of the backup was found whole.
namespace exchange::backup {

struct RestoreTerms {
    std::filesystem::path from;
    // Remove what the database holds.
    bool replace = false;
    // Of the schema's owner.
    std::string conninfo;
    std::string search_path;
    std::size_t at_once = 8;
    Tell tell;
};

// backup.json, after each file that it names was held against it. Throws Damaged.
Document check_files(const std::filesystem::path& from);

// The objects of the backup, or where none were copied those of the raw store. Throws Damaged.
boost::asio::awaitable<void> check_objects(objects::RawStore& store, const Document& document,
                                           RestoreTerms terms);

// Throws Conflict where the database is not empty, or in use.
boost::asio::awaitable<void> check_target(pg::Session& session, const Document& document,
                                          bool replace);

// Objects first, then the database, in one transaction; then the schema of this version. Other
// steps must follow before an exchange may run on it: reconcile/accept_log.hpp, skip_known_ids.
boost::asio::awaitable<void> restore(pg::Session& session, objects::RawStore& store,
                                     const Document& document, RestoreTerms terms);

}  // namespace exchange::backup
