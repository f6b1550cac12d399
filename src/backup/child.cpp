#include "backup/child.hpp"

#include "backup/errors.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace exchange::backup {
namespace {

constexpr std::size_t complaint_bytes_max = 300;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    void close()
    {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

bool is_inherited(std::string_view variable)
{
    for (const char* name : {"PATH=", "HOME=", "TMPDIR=", "TZ=", "PG"})
        if (variable.starts_with(name)) return true;
    return false;
}

std::vector<std::string> environment_for(const Command& command)
{
    std::vector<std::string> variables{"LC_ALL=C"};
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string_view variable{*at};
        const std::string name{variable.substr(0, variable.find('='))};
        if (is_inherited(variable) && !command.environment.contains(name))
            variables.emplace_back(variable);
    }
    for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
    return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts)
{
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::string read_all(int fd)
{
    ::lseek(fd, 0, SEEK_SET);
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0;)
        if (text.size() < 65536) text.append(piece.data(), static_cast<std::size_t>(got));
    return text;
}

void drain(int fd, const std::function<void(std::string_view)>& on_output)
{
    std::array<char, 65536> piece{};
    while (true) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        if (on_output) on_output({piece.data(), static_cast<std::size_t>(got)});
    }
}

int wait_for(pid_t child)
{
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Ends a child whose output nobody reads any more.
struct Reaper {
    pid_t child = 0;
    ~Reaper()
    {
        if (child == 0) return;
        ::kill(child, SIGTERM);
        wait_for(child);
    }
};

}  // namespace

std::string complaint_in(std::string_view errors)
{
    std::string_view last;
    while (!errors.empty()) {
        const std::size_t end = errors.find('\n');
        const std::string_view line = errors.substr(0, end);
        errors.remove_prefix(end == std::string_view::npos ? errors.size() : end + 1);
        if (line.find("error: ") != std::string_view::npos)
            return std::string{line.substr(0, complaint_bytes_max)};
        // DETAIL and CONTEXT may show a row.
        const bool shows_rows = line.starts_with("DETAIL") || line.starts_with("CONTEXT") ||
                                line.starts_with("Command was");
        if (!line.empty() && !shows_rows) last = line;
    }
    return std::string{last.substr(0, complaint_bytes_max)};
}

Ended run(const Command& command)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Unavailable{"no pipe can be made. Hint: raise the limit of open files"};
    Descriptor output{ends[0]};
    Descriptor its_output{ends[1]};
    Descriptor errors{::memfd_create("errors", MFD_CLOEXEC)};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::unique_ptr<posix_spawn_file_actions_t, int (*)(posix_spawn_file_actions_t*)> held{
        &actions, &posix_spawn_file_actions_destroy};
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, its_output.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);

    std::vector<std::string> arguments{command.program};
    arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
    std::vector<std::string> variables = environment_for(command);
    Reaper reaper;
    const int failure =
        ::posix_spawnp(&reaper.child, command.program.c_str(), &actions, nullptr,
                       pointers_to(arguments).data(), pointers_to(variables).data());
    if (failure != 0) {
        reaper.child = 0;
        throw Unavailable{fmt::format("{} cannot be started (error {}). Hint: is it installed?",
                                      command.program, failure)};
    }
    its_output.close();
    drain(output.get(), command.on_output);
    Ended ended;
    ended.code = wait_for(std::exchange(reaper.child, 0));
    ended.complaint = complaint_in(read_all(errors.get()));
    return ended;
}

}  // namespace exchange::backup
