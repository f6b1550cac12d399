#pragma once

#include "crypto/digest.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

// Files of a backup: for their owner alone, durable before the backup gets its name. Everything
// throws Unavailable, naming the file.
namespace exchange::backup {

struct FileFacts {
    std::string name;
    std::uint64_t size = 0;
    crypto::Sha256 sha256{};
};

void write_file(const std::filesystem::path& path, std::string_view text);

// Calls for each piece of a file, in order.
void read_pieces(const std::filesystem::path& path,
                 const std::function<void(std::string_view)>& take);

// What is there, under its last name.
FileFacts facts_of(const std::filesystem::path& path);

// Makes a file, or the names in a folder, durable.
void sync(const std::filesystem::path& path);

// A folder that is removed again unless it gets its real name. A backup is a folder of that name
// only once it is whole.
class UnfinishedFolder {
public:
    explicit UnfinishedFolder(std::filesystem::path wanted);
    ~UnfinishedFolder();
    UnfinishedFolder(const UnfinishedFolder&) = delete;
    UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    // Throws Conflict when something has taken the name meanwhile.
    void finish();

private:
    std::filesystem::path wanted_;
    std::filesystem::path path_;
    bool finished_ = false;
};

}  // namespace exchange::backup
