#pragma once

#include "objects/raw_store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Objects as files below a directory, key as path. Blocking; may be used from several threads.
//
// A file is written under another name beside its place, synced, renamed, and its folder synced: it
// is either there whole and for good, or not at all. What a crash leaves unfinished is no object; a
// later `list` that comes past removes it after an hour.
//
// One thing differs from S3: where "a" is an object, "a/b" cannot be one.
namespace exchange::objects {

class FileTree {
public:
    // `root` is absolute and without a '/' at its end. It need not exist yet; nothing creates it
    // here, since an unmounted disk must not be mistaken for an empty one.
    explicit FileTree(std::string root) : root_{std::move(root)} {}

    const std::string& root() const { return root_; }

    // All throw StoreError. Keys must be object keys.
    void put(const std::string& key, std::string_view body) const;
    std::string get(const std::string& key, std::uint64_t offset, std::uint64_t length) const;
    std::optional<ObjectInfo> head(const std::string& key) const;
    std::vector<ObjectInfo> list(const std::string& prefix, const std::string& after) const;
    void remove(const std::string& key) const;

private:
    std::string root_;
};

}  // namespace exchange::objects
