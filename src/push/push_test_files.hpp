#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <string_view>

// A directory of a test's own, gone with it.
namespace exchange::push {

class TestFiles {
public:
    TestFiles()
    {
        std::string name = (std::filesystem::temp_directory_path() / "push-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp failed"};
        directory_ = name;
    }
    ~TestFiles()
    {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    TestFiles(const TestFiles&) = delete;
    TestFiles& operator=(const TestFiles&) = delete;

    std::string path(std::string_view name) const { return (directory_ / name).string(); }
    std::string write(std::string_view name, std::string_view text) const
    {
        std::ofstream{path(name), std::ios::binary} << text;
        return path(name);
    }
    std::string read(std::string_view name) const
    {
        std::ifstream in{path(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

private:
    std::filesystem::path directory_;
};

}  // namespace exchange::push
