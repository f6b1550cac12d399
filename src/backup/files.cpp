#include "backup/files.hpp"

#include "backup/errors.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace exchange::backup {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* doing)
{
    throw Unavailable{fmt::format("{} {}: {}. Hint: look at the disk and its permissions", doing,
                                  path.string(),
                                  std::error_code{errno, std::generic_category()}.message())};
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

fs::path without_slash(fs::path path)
{
    return path.has_filename() ? path : path.parent_path();
}

}  // namespace

void write_file(const fs::path& path, std::string_view text)
{
    const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.get() < 0) fail(path, "creating");
    while (!text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(path, "writing");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) fail(path, "syncing");
}

void read_pieces(const fs::path& path, const std::function<void(std::string_view)>& take)
{
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.get() < 0) fail(path, "opening");
    std::string piece(std::size_t{1} << 20, '\0');
    while (true) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path, "reading");
        if (got == 0) return;
        take(std::string_view{piece}.substr(0, static_cast<std::size_t>(got)));
    }
}

FileFacts facts_of(const fs::path& path)
{
    FileFacts facts;
    facts.name = path.filename();
    crypto::Sha256Stream digest;
    read_pieces(path, [&](std::string_view piece) {
        facts.size += piece.size();
        digest.add(piece);
    });
    facts.sha256 = digest.finish();
    return facts;
}

void sync(const fs::path& path)
{
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.get() < 0 || ::fsync(file.get()) != 0) fail(path, "syncing");
}

UnfinishedFolder::UnfinishedFolder(fs::path wanted) : wanted_{without_slash(std::move(wanted))}
{
    if (fs::exists(wanted_))
        throw Conflict{fmt::format("{} exists; a backup replaces nothing. Hint: choose a new name",
                                   wanted_.string())};
    path_ = fmt::format("{}.unfinished-{}", wanted_.string(), ::getpid());
    if (::mkdir(path_.c_str(), 0700) != 0) fail(path_, "making");
}

UnfinishedFolder::~UnfinishedFolder()
{
    std::error_code ignored;
    if (!finished_) fs::remove_all(path_, ignored);
}

void UnfinishedFolder::finish()
{
    sync(path_);
    // Fails where the name was taken meanwhile, but for an empty folder, which nobody misses.
    if (::rename(path_.c_str(), wanted_.c_str()) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
            throw Conflict{wanted_.string() + " was made meanwhile. Hint: choose a new name"};
        fail(wanted_, "naming");
    }
    finished_ = true;
    sync(fs::absolute(wanted_).parent_path());
}

}  // namespace exchange::backup
