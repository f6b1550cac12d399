#pragma once

#include "backup/files.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// backup.json: what a backup is and what its files must be. Pure.
namespace exchange::backup {

inline constexpr const char* document_name = "backup.json";
inline constexpr const char* dump_name = "database.dump";
inline constexpr const char* manifest_name = "objects.ndjson";
inline constexpr const char* objects_name = "objects";

struct Document {
    // Of the exchange that made it.
    std::string version;
    // Highest migration in the dump.
    int schema = 0;
    // Of the server, e.g. 150018.
    int postgres = 0;
    std::int64_t made_at_unix_ms = 0;
    // The raw store that the objects are in.
    std::string bucket;
    std::string key_prefix;
    std::uint64_t objects = 0;
    std::uint64_t object_bytes = 0;
    // Objects that the database names in other stores: they are not in this backup.
    std::uint64_t objects_elsewhere = 0;
    bool objects_copied = false;
    std::vector<FileFacts> files;
};

std::string to_json(const Document& document);

// Throws Damaged for what is no such document, or of a format that this version does not know.
Document parse_document(std::string_view text);

}  // namespace exchange::backup
