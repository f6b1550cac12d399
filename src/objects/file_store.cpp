#include "objects/file_store.hpp"

#include "base/blocking_pool.hpp"
#include "crypto/digest.hpp"
#include "objects/file_tree.hpp"
#include "objects/object_key.hpp"
#include "objects/probe.hpp"

namespace exchange::objects {
namespace {

namespace asio = boost::asio;

// Two: one slow write does not hold up every read, and a disk gains little from more.
constexpr std::size_t threads = 2;
// Each may hold a bundle in memory.
constexpr std::size_t jobs_max = 256;

class FileStore final : public RawStore {
public:
    explicit FileStore(std::string directory)
        : tree_{std::make_shared<const FileTree>(std::move(directory))},
          pool_{"raw-files", threads, jobs_max}
    {
    }

    asio::awaitable<void> put(std::string key, std::string_view body, Sha256 sha256,
                              TimePoint deadline) override
    {
        check(key);
        // A copy, because a disk that hangs may still be writing when the caller gave up.
        auto job = [tree = tree_, key, copy = std::string{body}, sha256] {
            if (crypto::sha256(copy) != sha256) throw_changed(tree->root());
            tree->put(key, copy);
            return true;
        };
        co_await perform(std::move(job), deadline);
    }

    asio::awaitable<std::string> get(std::string key, std::uint64_t offset, std::uint64_t length,
                                     TimePoint deadline) override
    {
        check(key);
        auto job = [tree = tree_, key, offset, length] { return tree->get(key, offset, length); };
        co_return co_await perform(std::move(job), deadline);
    }

    asio::awaitable<std::optional<ObjectInfo>> head(std::string key, TimePoint deadline) override
    {
        check(key);
        auto job = [tree = tree_, key] { return tree->head(key); };
        co_return co_await perform(std::move(job), deadline);
    }

    asio::awaitable<std::vector<ObjectInfo>> list(std::string prefix, std::string after,
                                                  TimePoint deadline) override
    {
        auto job = [tree = tree_, prefix, after] { return tree->list(prefix, after); };
        co_return co_await perform(std::move(job), deadline);
    }

    asio::awaitable<void> remove(std::string key, TimePoint deadline) override
    {
        check(key);
        auto job = [tree = tree_, key] {
            tree->remove(key);
            return true;
        };
        co_await perform(std::move(job), deadline);
    }

    asio::awaitable<void> probe(TimePoint deadline) override
    {
        co_await probe_store(*this, deadline);
    }

    std::string bucket() const override { return "file://" + tree_->root(); }

private:
    template <class Job>
    asio::awaitable<std::invoke_result_t<Job&>> perform(Job job, TimePoint deadline)
    {
        const std::string root = tree_->root();
        try {
            co_return co_await pool_.run(std::move(job), deadline);
        } catch (const BlockingPoolBusy& error) {
            throw StoreError{StoreFault::unavailable, "directory '" + root + "': " + error.what() +
                                                          ". Hint: look at the disk of RAW_STORE."};
        }
    }

    void check(std::string_view key) const
    {
        if (is_object_key(key)) return;
        throw StoreError{StoreFault::denied, "directory '" + tree_->root() +
                                                 "': not a key for an object. Hint: whoever made "
                                                 "the key must be corrected."};
    }

    [[noreturn]] static void throw_changed(const std::string& root)
    {
        throw StoreError{StoreFault::corrupted,
                         "directory '" + root +
                             "': the bytes to store are not those that were hashed. Hint: they "
                             "changed in memory; try again."};
    }

    std::shared_ptr<const FileTree> tree_;
    BlockingPool pool_;
};

}  // namespace

std::string directory_of(const std::string& url)
{
    constexpr std::string_view scheme = "file://";
    std::string directory = url.starts_with(scheme) ? url.substr(scheme.size()) : std::string{};
    while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
    if (directory.size() < 2 || !directory.starts_with('/'))
        throw std::invalid_argument{
            "RAW_STORE must be s3://bucket[/prefix] or file:///absolute/directory"};
    return directory;
}

std::unique_ptr<RawStore> make_file_store(std::string directory)
{
    return std::make_unique<FileStore>(std::move(directory));
}

}  // namespace exchange::objects
