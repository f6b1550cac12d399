#pragma once

#include "backup/manifest.hpp"
#include "objects/raw_store.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

// The objects of a manifest, one by one, in key order. What is not as the manifest says throws
// Damaged, naming the object.
namespace exchange::backup {

// Told now and then how far a walk is.
using Tell = std::function<void(const std::string&)>;

class ManifestReader {
public:
    explicit ManifestReader(const std::filesystem::path& path);
    // At most `most`; none at its end. Throws Damaged for a line that is none.
    std::vector<ManifestEntry> next(std::size_t most);

private:
    std::ifstream file_;
    std::size_t line_ = 0;
};

struct WalkTerms {
    std::filesystem::path manifest;
    // Before each key in the manifest; the stores know keys without it.
    std::string key_prefix;
    std::uint64_t objects = 0;
    std::size_t at_once = 8;
    Tell tell;
};

// Each is there with its size, by the store's listing. Reads no object.
boost::asio::awaitable<void> check_listed(objects::RawStore& store, WalkTerms terms);

// Each is there with its SHA-256.
boost::asio::awaitable<void> check_whole(objects::RawStore& store, WalkTerms terms);

// What `to` has already in its size is not copied again. Every copy is checked by SHA-256.
boost::asio::awaitable<void> copy_objects(objects::RawStore& from, objects::RawStore& to,
                                          WalkTerms terms);

}  // namespace exchange::backup
