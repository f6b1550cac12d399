#include "backup/client_tools.hpp"

#include "backup/child.hpp"
#include "backup/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unistd.h>

namespace exchange::backup {
namespace {

namespace fs = std::filesystem;

constexpr const char* debian_versions = "/usr/lib/postgresql";

std::optional<int> version_of(const fs::path& program)
{
    std::string output;
    Command command;
    command.program = program;
    command.arguments = {"--version"};
    command.on_output = [&](std::string_view piece) { output += piece; };
    const Ended ended = run(command);
    return ended.code == 0 ? major_version_in(output) : std::nullopt;
}

int number_of(const fs::path& folder)
{
    const std::string name = folder.filename();
    int number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    return number;
}

}  // namespace

std::optional<int> major_version_in(std::string_view version_line)
{
    constexpr std::string_view before = "(PostgreSQL) ";
    const std::size_t at = version_line.find(before);
    if (at == std::string_view::npos) return std::nullopt;
    version_line.remove_prefix(at + before.size());
    int major = 0;
    const auto [end, error] =
        std::from_chars(version_line.data(), version_line.data() + version_line.size(), major);
    if (error != std::errc{}) return std::nullopt;
    return major;
}

std::vector<fs::path> places_of(const std::string& program, std::string_view path,
                                const fs::path& versions)
{
    std::vector<fs::path> places;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find(':'), path.size());
        if (end > 0) places.push_back(fs::path{path.substr(0, end)} / program);
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    std::vector<fs::path> folders;
    std::error_code missing;
    for (const fs::directory_entry& entry : fs::directory_iterator{versions, missing})
        if (number_of(entry.path()) > 0) folders.push_back(entry.path());
    std::ranges::sort(folders, std::greater{}, number_of);
    for (const fs::path& folder : folders) places.push_back(folder / "bin" / program);
    return places;
}

std::string find_client(const std::string& program, int server_major, std::string_view path)
{
    std::string older;
    for (const fs::path& place : places_of(program, path, debian_versions)) {
        if (::access(place.c_str(), X_OK) != 0) continue;
        const std::optional<int> version = version_of(place);
        if (version && *version >= server_major) return place;
        if (older.empty())
            older = version ? fmt::format("{} is of version {}", place.string(), *version)
                            : fmt::format("{} does not tell its version", place.string());
    }
    const std::string cause = older.empty() ? program + " was not found" : older;
    throw Unavailable{fmt::format("{}, and the server is Postgres {}. Hint: install "
                                  "postgresql-client-{}, or put its {} on PATH",
                                  cause, server_major, server_major, program)};
}

}  // namespace exchange::backup
