#pragma once

#include "backup/document.hpp"
#include "backup/object_walk.hpp"
#include "pg/session.hpp"

// A backup beside a running exchange: a dump of the database, and a manifest of the objects that
// this very dump names (docs/guides/backup.md). The bundles of a window are stored before it is
// published, and one that is named is never removed, so each of those is in the raw store when the
// dump is done.
namespace exchange::backup {

struct BackupTerms {
    // Must not exist.
    std::filesystem::path to;
    // Copy the objects as well.
    bool objects = false;
    // Of a role that may read all tables.
    std::string conninfo;
    // Where programs are looked for: the variable PATH.
    std::string search_path;
    // Of this exchange.
    std::string version;
    std::size_t at_once = 8;
    Tell tell;
};

// Throws pg::Unavailable, objects::StoreError and those of errors.hpp; then nothing is left behind.
boost::asio::awaitable<Document> back_up(pg::Session& session, objects::RawStore& store,
                                         BackupTerms terms);

}  // namespace exchange::backup
