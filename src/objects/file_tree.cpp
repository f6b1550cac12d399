#include "objects/file_tree.hpp"

#include "objects/file_errors.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exchange::objects {
namespace {

// Other users of the operator's group may read; nobody but this process's user writes.
constexpr mode_t file_mode = 0640;
constexpr mode_t directory_mode = 0750;
constexpr std::uint64_t range_bytes_max = std::uint64_t{1} << 30;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Descriptor& operator=(Descriptor&&) = delete;

    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }

private:
    int fd_;
};

// A file under a name that is no object's, removed unless it got its real name.
struct Unfinished {
    std::string path;
    Descriptor fd;

    ~Unfinished()
    {
        if (!path.empty()) ::unlink(path.c_str());
    }
};

std::string folder_of(const std::string& path)
{
    return path.substr(0, path.rfind('/'));
}

void sync_folder(const std::string& root, const std::string& folder)
{
    const Descriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd.open() || ::fsync(fd.get()) != 0) throw_file_error(errno, root, "syncing a folder");
}

// Creates what is missing below the root, and makes each new name durable.
void make_folders(const std::string& root, const std::string& folder)
{
    for (std::size_t end = root.size(); end < folder.size();) {
        end = std::min(folder.find('/', end + 1), folder.size());
        const std::string path = folder.substr(0, end);
        if (::mkdir(path.c_str(), directory_mode) == 0) sync_folder(root, folder_of(path));
        else if (errno != EEXIST) throw_file_error(errno, root, "making a folder");
    }
}

Unfinished open_unfinished(const std::string& root, const std::string& folder)
{
    std::string path = folder + "/.put-XXXXXX";
    int fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        make_folders(root, folder);
        path = folder + "/.put-XXXXXX";
        fd = ::mkostemp(path.data(), O_CLOEXEC);
    }
    if (fd < 0) throw_file_error(errno, root, "creating a file");
    return {std::move(path), Descriptor{fd}};
}

void write_all(const std::string& root, int fd, std::string_view body)
{
    while (!body.empty()) {
        const ssize_t written = ::write(fd, body.data(), body.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw_file_error(errno, root, "writing");
        body.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string read_range(const std::string& root, int fd, std::uint64_t offset, std::uint64_t length)
{
    std::string out(length, '\0');
    std::size_t filled = 0;
    while (filled < out.size()) {
        const ssize_t got = ::pread(fd, out.data() + filled, out.size() - filled,
                                    static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw_file_error(errno, root, "reading");
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    out.resize(filled);
    return out;
}

// ENOENT and its like say that there is no such object, unless the whole directory is away.
void check_root_exists(const std::string& root)
{
    if (!directory_exists(root)) throw_file_error(ENOENT, root, "opening");
}

bool says_missing(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

ObjectInfo info_of(std::string key, const struct stat& status)
{
    ObjectInfo info;
    info.key = std::move(key);
    info.size = static_cast<std::uint64_t>(status.st_size);
    info.modified_unix_ms = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000;
    return info;
}

}  // namespace

void FileTree::put(const std::string& key, std::string_view body) const
{
    const std::string path = root_ + "/" + key;
    const std::string folder = folder_of(path);
    Unfinished file = open_unfinished(root_, folder);
    write_all(root_, file.fd.get(), body);
    if (::fchmod(file.fd.get(), file_mode) != 0 || ::fsync(file.fd.get()) != 0)
        throw_file_error(errno, root_, "syncing");
    if (::rename(file.path.c_str(), path.c_str()) != 0) throw_file_error(errno, root_, "renaming");
    file.path.clear();
    sync_folder(root_, folder);
}

std::string FileTree::get(const std::string& key, std::uint64_t offset, std::uint64_t length) const
{
    const Descriptor fd{::open((root_ + "/" + key).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd.open() && !says_missing(errno)) throw_file_error(errno, root_, "opening");
    if (!fd.open()) check_root_exists(root_);
    struct stat status{};
    if (!fd.open() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        throw StoreError{StoreFault::object_missing,
                         "directory '" + root_ +
                             "': no such object. Hint: it was removed or never written."};
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const bool holds = length <= range_bytes_max && offset <= size && length <= size - offset;
    std::string out = holds ? read_range(root_, fd.get(), offset, length) : std::string{};
    if (!holds || out.size() != length)
        throw StoreError{StoreFault::corrupted,
                         "directory '" + root_ +
                             "': the object does not hold the range asked for. Hint: it was "
                             "replaced or cut off; compare it with what the ledger says."};
    return out;
}

std::optional<ObjectInfo> FileTree::head(const std::string& key) const
{
    struct stat status{};
    if (::stat((root_ + "/" + key).c_str(), &status) == 0) {
        if (!S_ISREG(status.st_mode)) return std::nullopt;
        return info_of(key, status);
    }
    if (!says_missing(errno)) throw_file_error(errno, root_, "looking");
    check_root_exists(root_);
    return std::nullopt;
}

void FileTree::remove(const std::string& key) const
{
    const std::string path = root_ + "/" + key;
    if (::unlink(path.c_str()) == 0) {
        sync_folder(root_, folder_of(path));
        return;
    }
    // Linux says EISDIR where the key is a folder, thus no object.
    if (!says_missing(errno) && errno != EISDIR) throw_file_error(errno, root_, "removing");
    check_root_exists(root_);
}

}  // namespace exchange::objects
