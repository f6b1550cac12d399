#include "objects/file_errors.hpp"
#include "objects/file_tree.hpp"
#include "objects/object_key.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace exchange::objects {
namespace {

constexpr std::size_t list_max = 1000;
constexpr std::int64_t unfinished_ms_max = 60 * 60 * 1000;

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Folders in the order of their files' keys: as if their names ended in '/'.
class Walk {
public:
    Walk(const std::string& root, const std::string& prefix, const std::string& after)
        : root_{root}, prefix_{prefix}, after_{after}
    {
    }

    // `base` is the folder's key: empty, or ending in '/'.
    void folder(const std::string& base)
    {
        for (const std::string& name : names_in(base)) {
            if (found.size() == list_max) return;
            const std::string key = base + name;
            if (name.ends_with('/')) {
                if (may_hold_wanted(key)) folder(key);
            } else if (key > after_ && key.starts_with(prefix_)) {
                file(key);
            }
        }
    }

    std::vector<ObjectInfo> found;

private:
    bool may_hold_wanted(const std::string& folder_key) const
    {
        const bool in_prefix = folder_key.starts_with(prefix_) || prefix_.starts_with(folder_key);
        return in_prefix && (folder_key > after_ || after_.starts_with(folder_key));
    }

    std::vector<std::string> names_in(const std::string& base)
    {
        std::vector<std::string> names;
        const Directory directory{::opendir((root_ + "/" + base).c_str())};
        // A folder may be removed while we walk; the root may not.
        if (!directory && errno == ENOENT && !base.empty()) return names;
        if (!directory) throw_file_error(errno, root_, "listing");
        for (;;) {
            errno = 0;
            const dirent* entry = ::readdir(directory.get());
            if (entry == nullptr && errno != 0) throw_file_error(errno, root_, "listing");
            if (entry == nullptr) break;
            const std::string name{entry->d_name};
            if (name == "." || name == "..") continue;
            if (is_unfinished(name)) remove_if_left_behind(root_ + "/" + base + name);
            else names.push_back(is_folder(base + name, *entry) ? name + "/" : name);
        }
        std::ranges::sort(names);
        return names;
    }

    bool is_folder(const std::string& key, const dirent& entry) const
    {
        if (entry.d_type == DT_REG) return false;
        return entry.d_type == DT_DIR || directory_exists(root_ + "/" + key);
    }

    void file(const std::string& key)
    {
        const std::optional<ObjectInfo> info = FileTree{root_}.head(key);
        if (info) found.push_back(*info);
    }

    static void remove_if_left_behind(const std::string& path)
    {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) return;
        if (unix_ms_now() - std::int64_t{status.st_mtim.tv_sec} * 1000 > unfinished_ms_max)
            ::unlink(path.c_str());
    }

    const std::string& root_;
    const std::string& prefix_;
    const std::string& after_;
};

}  // namespace

std::vector<ObjectInfo> FileTree::list(const std::string& prefix, const std::string& after) const
{
    Walk walk{root_, prefix, after};
    walk.folder("");
    return std::move(walk.found);
}

}  // namespace exchange::objects
