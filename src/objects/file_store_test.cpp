#include "objects/file_store.hpp"

#include "objects/open_store.hpp"
#include "objects/raw_store_conformance.hpp"
#include "support/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exchange::objects {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::run_coroutine;
namespace asio = boost::asio;
namespace fs = std::filesystem;

struct FileBackend {
    std::unique_ptr<RawStore> open(const asio::any_io_executor&)
    {
        return make_file_store(directory.path());
    }
    testing::TemporaryDirectory directory;
};

INSTANTIATE_TYPED_TEST_SUITE_P(File, RawStoreConformance, FileBackend);

class FileStoreTest : public ::testing::Test {
protected:
    void put(const std::string& key, std::string_view body)
    {
        const Sha256 sha256 = crypto::sha256(body);
        run_coroutine(io, store->put(key, body, sha256, SteadyClock::now() + 30s));
    }

    template <class T>
    std::string failure(asio::awaitable<T> operation, StoreFault expected)
    {
        try {
            run_coroutine(io, std::move(operation));
        } catch (const StoreError& error) {
            EXPECT_EQ(error.fault(), expected) << error.what();
            return error.what();
        }
        return "no failure";
    }

    std::vector<std::string> files()
    {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator{directory.path()})
            if (entry.is_regular_file())
                names.push_back(fs::relative(entry.path(), directory.path()).string());
        return names;
    }

    TimePoint soon() const { return SteadyClock::now() + 30s; }

    asio::io_context io;
    testing::TemporaryDirectory directory;
    std::unique_ptr<RawStore> store = make_file_store(directory.path());
};

TEST_F(FileStoreTest, keeps_objects_as_files_and_nothing_else)
{
    put("source/2026/a.json", "body");
    EXPECT_EQ(files(), std::vector<std::string>{"source/2026/a.json"});
    EXPECT_EQ(store->bucket(), "file://" + directory.path().string());
    struct stat status{};
    ASSERT_EQ(::stat((directory.path() / "source/2026/a.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST_F(FileStoreTest, says_that_its_directory_is_missing_and_does_not_create_it)
{
    const fs::path gone = directory.path() / "not-mounted";
    store = make_file_store(gone);
    const Sha256 sha256 = crypto::sha256("x");
    EXPECT_THAT(failure(store->put("a/b", "x", sha256, soon()), StoreFault::bucket_missing),
                HasSubstr("RAW_STORE"));
    failure(store->get("a", 0, 1, soon()), StoreFault::bucket_missing);
    failure(store->head("a", soon()), StoreFault::bucket_missing);
    failure(store->list("", "", soon()), StoreFault::bucket_missing);
    failure(store->remove("a", soon()), StoreFault::bucket_missing);
    failure(store->probe(soon()), StoreFault::bucket_missing);
    EXPECT_FALSE(fs::exists(gone));
}

TEST_F(FileStoreTest, make_bucket_creates_the_directory_once)
{
    StoreConfig config;
    config.url = "file://" + (directory.path() / "new/raw").string();
    run_coroutine(io, make_bucket(config, soon()));
    run_coroutine(io, make_bucket(config, soon()));
    store = open_store(io.get_executor(), config);
    run_coroutine(io, store->probe(soon()));
}

TEST_F(FileStoreTest, leaves_nothing_behind_when_a_write_fails)
{
    put("a", "object");
    const Sha256 sha256 = crypto::sha256("x");
    EXPECT_THAT(failure(store->put("a/b", "x", sha256, soon()), StoreFault::denied),
                HasSubstr("another object's key"));
    fs::create_directories(directory.path() / "folder");
    failure(store->put("folder", "x", sha256, soon()), StoreFault::denied);
    const std::string long_part(256, 'x');
    EXPECT_THAT(failure(store->put(long_part, "x", sha256, soon()), StoreFault::denied),
                HasSubstr("255 bytes"));
    EXPECT_EQ(files(), std::vector<std::string>{"a"});
}

TEST_F(FileStoreTest, does_not_take_unfinished_files_for_objects_and_removes_old_ones)
{
    put("d/a", "x");
    const fs::path old_file = directory.path() / "d/.put-old";
    const fs::path new_file = directory.path() / "d/.put-new";
    std::ofstream{old_file} << "half";
    std::ofstream{new_file} << "half";
    fs::last_write_time(old_file, fs::file_time_type::clock::now() - 2h);
    const auto listed = run_coroutine(io, store->list("", "", soon()));
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0].key, "d/a");
    EXPECT_FALSE(fs::exists(old_file));
    EXPECT_TRUE(fs::exists(new_file));
}

TEST_F(FileStoreTest, notices_a_file_that_was_cut_off)
{
    put("a", "0123456789");
    fs::resize_file(directory.path() / "a", 5);
    failure(store->get("a", 0, 10, soon()), StoreFault::corrupted);
}

TEST_F(FileStoreTest, gives_up_at_the_deadline)
{
    const Sha256 sha256 = crypto::sha256("x");
    const TimePoint past = SteadyClock::now() - 1s;
    EXPECT_THAT(failure(store->put("a", "x", sha256, past), StoreFault::unavailable),
                HasSubstr("did not return in time"));
}

TEST(DirectoryOf, takes_absolute_directories_only)
{
    EXPECT_EQ(directory_of("file:///var/lib/raw"), "/var/lib/raw");
    EXPECT_EQ(directory_of("file:///var/lib/raw//"), "/var/lib/raw");
    for (const char* url : {"", "file://", "file:///", "file:////", "file://raw", "/var/lib/raw",
                            "FILE:///raw", "http://raw"})
        EXPECT_THROW(directory_of(url), std::invalid_argument) << url;
}

}  // namespace
}  // namespace exchange::objects
