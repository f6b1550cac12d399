#pragma once

#include "crypto/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The raw store's side of a backup: one line of JSON for each object that the database names, in
// key order. Pure.
namespace exchange::backup {

struct ManifestEntry {
    // As it stands in the bucket.
    std::string key;
    std::uint64_t size = 0;
    crypto::Sha256 sha256{};
};

// With its newline.
std::string to_line(const ManifestEntry& entry);

// Nothing for a line that is none.
std::optional<ManifestEntry> parse_line(std::string_view line);

// Calls for each whole line of what comes piece by piece.
class Lines {
public:
    template <class Take>
    void add(std::string_view piece, Take take)
    {
        rest_ += piece;
        std::size_t from = 0;
        for (std::size_t end = 0; (end = rest_.find('\n', from)) != std::string::npos;
             from = end + 1)
            take(std::string_view{rest_}.substr(from, end - from));
        rest_.erase(0, from);
    }
    // What follows the last newline.
    const std::string& rest() const { return rest_; }

private:
    std::string rest_;
};

// Reads one table out of the script that pg_restore makes of a dump: COPY … FROM stdin, rows with a
// tab between columns, "\.".
class CopiedTable {
public:
    // The names of the columns wanted.
    explicit CopiedTable(std::vector<std::string> columns);

    // Their values, in that order, when the line is a row; views until the next call. Throws
    // Damaged for a row without them.
    const std::vector<std::string>* take(std::string_view line);

private:
    void read_head(std::string_view line);

    std::vector<std::string> columns_;
    std::vector<std::size_t> places_;
    std::vector<std::string> values_;
    bool inside_ = false;
};

// A row of `bundles`, columns bucket, key, size, sha256. Throws Damaged.
struct BundleRow {
    std::string bucket;
    ManifestEntry entry;
};
BundleRow bundle_of(const std::vector<std::string>& values);

}  // namespace exchange::backup
