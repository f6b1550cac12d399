#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace exchange::testing {

// An empty directory of this object's own, removed with all that is in it. In memory where the
// system has such a place: tests of synced files would else wait for the disk thousands of times.
class TemporaryDirectory {
public:
    TemporaryDirectory()
    {
        const std::filesystem::path memory{"/dev/shm"};
        std::error_code none;
        const bool in_memory = std::filesystem::is_directory(memory, none);
        const auto parent = in_memory ? memory : std::filesystem::temp_directory_path();
        std::string name = (parent / "exchange-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make " + name};
        path_ = name;
    }
    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace exchange::testing
