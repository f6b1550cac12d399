#include "backup/object_walk.hpp"

#include "backup/errors.hpp"
#include "base/started.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

namespace exchange::backup {
namespace {

namespace asio = boost::asio;

constexpr std::size_t objects_per_page = 1000;
constexpr std::chrono::seconds between_reports{2};

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{120};
}

Damaged damaged(const std::string& key, const char* how)
{
    return Damaged{fmt::format("object {} {}. Hint: bring it back, see "
                               "docs/runbook/raw-store-away.md; exchange reconcile lists all",
                               key, how)};
}

std::string key_in_store(const ManifestEntry& entry, const WalkTerms& terms)
{
    if (!entry.key.starts_with(terms.key_prefix)) throw damaged(entry.key, "is of another place");
    return entry.key.substr(terms.key_prefix.size());
}

class Progress {
public:
    Progress(const WalkTerms& terms, const char* doing) : terms_{terms}, doing_{doing} {}
    void add(std::size_t objects)
    {
        done_ += objects;
        if (!terms_.tell || SteadyClock::now() < next_) return;
        terms_.tell(fmt::format("{} objects: {} of {}", doing_, done_, terms_.objects));
        next_ = SteadyClock::now() + between_reports;
    }

private:
    const WalkTerms& terms_;
    const char* doing_;
    std::size_t done_ = 0;
    TimePoint next_ = SteadyClock::now() + between_reports;
};

asio::awaitable<std::string> fetch(objects::RawStore& store, const std::string& key,
                                   const ManifestEntry& entry)
{
    try {
        std::string bytes = co_await store.get(key, 0, entry.size, soon());
        if (crypto::sha256(bytes) != entry.sha256)
            throw damaged(entry.key, "has other bytes than were written");
        co_return bytes;
    } catch (const objects::StoreError& error) {
        if (error.fault() == objects::StoreFault::object_missing)
            throw damaged(entry.key, "is missing");
        if (error.fault() == objects::StoreFault::corrupted)
            throw damaged(entry.key, "cannot be read whole");
        throw;
    }
}

asio::awaitable<bool> check_one(objects::RawStore& store, std::string key, ManifestEntry entry)
{
    co_await fetch(store, key, entry);
    co_return true;
}

asio::awaitable<bool> copy_one(objects::RawStore& from, objects::RawStore& to, std::string key,
                               ManifestEntry entry)
{
    const auto there = co_await to.head(key, soon());
    if (there && there->size == entry.size) co_return true;
    const std::string bytes = co_await fetch(from, key, entry);
    co_await to.put(key, bytes, entry.sha256, soon());
    co_return true;
}

// All of them, whatever one of them throws.
asio::awaitable<void> finish(std::vector<Started<bool>>& under_way)
{
    std::exception_ptr failure;
    for (Started<bool>& each : under_way) {
        try {
            co_await each.get();
        } catch (...) {
            failure = std::current_exception();
        }
    }
    under_way.clear();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

ManifestReader::ManifestReader(const std::filesystem::path& path) : file_{path}
{
    if (!file_)
        throw Unavailable{path.string() + " cannot be opened. Hint: look at its permissions"};
}

std::vector<ManifestEntry> ManifestReader::next(std::size_t most)
{
    std::vector<ManifestEntry> entries;
    for (std::string text; entries.size() < most && std::getline(file_, text);) {
        ++line_;
        const std::optional<ManifestEntry> entry = parse_line(text);
        if (!entry)
            throw Damaged{fmt::format("line {} of the manifest is damaged. Hint: take another "
                                      "backup",
                                      line_)};
        entries.push_back(*entry);
    }
    return entries;
}

asio::awaitable<void> check_listed(objects::RawStore& store, WalkTerms terms)
{
    ManifestReader manifest{terms.manifest};
    Progress progress{terms, "checked"};
    std::vector<objects::ObjectInfo> page;
    std::size_t at = 0;
    bool more = true;
    std::string after;
    for (auto entries = manifest.next(objects_per_page); !entries.empty();
         entries = manifest.next(objects_per_page)) {
        for (const ManifestEntry& entry : entries) {
            const std::string key = key_in_store(entry, terms);
            while (at < page.size() ? page[at].key < key : more) {
                if (++at < page.size()) continue;
                page = co_await store.list("bundles/", after, soon());
                more = page.size() == objects_per_page;
                at = 0;
                if (page.empty()) break;
                after = page.back().key;
            }
            if (at >= page.size() || page[at].key != key) throw damaged(entry.key, "is missing");
            if (page[at].size != entry.size) throw damaged(entry.key, "has another size");
        }
        progress.add(entries.size());
    }
}

asio::awaitable<void> check_whole(objects::RawStore& store, WalkTerms terms)
{
    const auto executor = co_await asio::this_coro::executor;
    ManifestReader manifest{terms.manifest};
    Progress progress{terms, "checked"};
    for (auto entries = manifest.next(terms.at_once); !entries.empty();
         entries = manifest.next(terms.at_once)) {
        std::vector<Started<bool>> under_way;
        for (const ManifestEntry& entry : entries)
            under_way.emplace_back(executor, check_one(store, key_in_store(entry, terms), entry));
        co_await finish(under_way);
        progress.add(entries.size());
    }
}

asio::awaitable<void> copy_objects(objects::RawStore& from, objects::RawStore& to, WalkTerms terms)
{
    const auto executor = co_await asio::this_coro::executor;
    ManifestReader manifest{terms.manifest};
    Progress progress{terms, "copied"};
    for (auto entries = manifest.next(terms.at_once); !entries.empty();
         entries = manifest.next(terms.at_once)) {
        std::vector<Started<bool>> under_way;
        for (const ManifestEntry& entry : entries)
            under_way.emplace_back(executor, copy_one(from, to, key_in_store(entry, terms), entry));
        co_await finish(under_way);
        progress.add(entries.size());
    }
}

}  // namespace exchange::backup
