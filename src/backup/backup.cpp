#include "backup/backup.hpp"

#include "backup/child.hpp"
#include "backup/client_tools.hpp"
#include "backup/errors.hpp"
#include "backup/sql.hpp"
#include "objects/file_store.hpp"
#include "pg/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

namespace exchange::backup {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

std::int64_t number_of(const std::string& text)
{
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

class BackupRun {
public:
    BackupRun(pg::Session& session, objects::RawStore& store, BackupTerms terms, int server_version)
        : session_{session},
          store_{store},
          terms_{std::move(terms)},
          folder_{terms_.to},
          dump_program_{find_client("pg_dump", server_version / 10000, terms_.search_path)},
          restore_program_{find_client("pg_restore", server_version / 10000, terms_.search_path)}
    {
        document_.version = terms_.version;
        document_.postgres = server_version;
        document_.made_at_unix_ms = unix_ms_now();
        document_.bucket = store.bucket();
        document_.key_prefix = store.key_prefix();
        document_.objects_copied = terms_.objects;
    }

    asio::awaitable<Document> run()
    {
        dump();
        read_schema();
        co_await read_published();
        write_manifest();
        co_await walk_objects();
        for (const char* name : {dump_name, manifest_name}) {
            sync(folder_.path() / name);
            document_.files.push_back(facts_of(folder_.path() / name));
        }
        write_file(folder_.path() / document_name, to_json(document_));
        folder_.finish();
        co_return document_;
    }

private:
    void tell(const std::string& what) const
    {
        if (terms_.tell) terms_.tell(what);
    }

    void dump() const
    {
        tell(fmt::format("dumping the database with {}", dump_program_));
        Command command;
        command.program = dump_program_;
        command.arguments = {"--format=custom",
                             "--compress=1",
                             "--no-owner",
                             "--no-privileges",
                             "--lock-wait-timeout=60s",
                             "--no-password",
                             "--file=" + (folder_.path() / dump_name).string()};
        command.environment = pg::environment_of(terms_.conninfo);
        command.environment["PGAPPNAME"] = "exchange backup";
        const Ended ended = backup::run(command);
        if (ended.code != 0)
            throw Unavailable{fmt::format("{}. Hint: repeat it; if it lasts, look at Postgres' log",
                                          ended.complaint)};
    }

    // The rows of a table as they are in the dump.
    void read_table(const char* table, const std::vector<std::string>& columns,
                    const std::function<void(const std::vector<std::string>&)>& take) const
    {
        CopiedTable rows{columns};
        Lines lines;
        Command command;
        command.program = restore_program_;
        command.arguments = {"--data-only", fmt::format("--table={}", table), "--file=-",
                             (folder_.path() / dump_name).string()};
        command.on_output = [&](std::string_view piece) {
            lines.add(piece, [&](std::string_view line) {
                if (const auto* values = rows.take(line)) take(*values);
            });
        };
        const Ended ended = backup::run(command);
        if (ended.code != 0)
            throw Damaged{
                fmt::format("the dump cannot be read: {}. Hint: back up again", ended.complaint)};
    }

    void read_schema()
    {
        read_table("schema_migrations", {"number"}, [&](const std::vector<std::string>& values) {
            document_.schema = std::max(document_.schema, static_cast<int>(number_of(values[0])));
        });
        if (document_.schema == 0)
            throw Damaged{"this database holds no exchange. Hint: is DATABASE_URL right?"};
    }

    // How far each lane is published by now. What the dump plans beyond may not be stored yet;
    // whoever finishes that window stores it from the staged rows, which are in the dump.
    asio::awaitable<void> read_published()
    {
        // The dump may have taken hours: a connection that idled so long may be gone.
        session_.close();
        pg::Params none;
        const TimePoint deadline = SteadyClock::now() + std::chrono::seconds{60};
        const pg::Rows rows = co_await session_.run(sql::published_ends, std::move(none), deadline);
        for (int row = 0; row < rows.size(); ++row)
            published_[std::to_string(rows.integer(row, 0))] = rows.integer(row, 1);
    }

    void write_manifest()
    {
        const fs::path unsorted = folder_.path() / "objects.unsorted";
        std::ofstream file{unsorted, std::ios::binary};
        read_table("bundles", {"bucket", "key", "size", "sha256", "lane", "window_to"},
                   [&](const std::vector<std::string>& values) {
                       const auto upto = published_.find(values[4]);
                       if (upto == published_.end() || number_of(values[5]) > upto->second) return;
                       const BundleRow row = bundle_of(values);
                       if (row.bucket != document_.bucket ||
                           !row.entry.key.starts_with(document_.key_prefix)) {
                           ++document_.objects_elsewhere;
                           return;
                       }
                       ++document_.objects;
                       document_.object_bytes += row.entry.size;
                       file << to_line(row.entry);
                   });
        file.close();
        if (!file)
            throw Unavailable{
                fmt::format("writing {} failed. Hint: is the disk full?", unsorted.string())};
        sort(unsorted);
        tell(fmt::format("the dump names {} objects of {} bytes", document_.objects,
                         document_.object_bytes));
    }

    // By another program, for there may be more than fits into memory.
    void sort(const fs::path& unsorted) const
    {
        Command command;
        command.program = "sort";
        command.arguments = {"--temporary-directory=" + folder_.path().string(),
                             "--output=" + (folder_.path() / manifest_name).string(),
                             unsorted.string()};
        const Ended ended = backup::run(command);
        if (ended.code != 0) throw Unavailable{ended.complaint + ". Hint: is the disk full?"};
        fs::remove(unsorted);
    }

    asio::awaitable<void> walk_objects()
    {
        WalkTerms walk;
        walk.manifest = folder_.path() / manifest_name;
        walk.key_prefix = document_.key_prefix;
        walk.objects = document_.objects;
        walk.at_once = terms_.at_once;
        walk.tell = terms_.tell;
        if (!terms_.objects) {
            co_await check_listed(store_, std::move(walk));
            co_return;
        }
        const fs::path target = folder_.path() / objects_name;
        fs::create_directory(target);
        const auto copies = objects::make_file_store(target);
        co_await copy_objects(store_, *copies, std::move(walk));
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator{target})
            fs::permissions(entry.path(), entry.is_directory()
                                              ? fs::perms::owner_all
                                              : fs::perms::owner_read | fs::perms::owner_write);
    }

    pg::Session& session_;
    objects::RawStore& store_;
    BackupTerms terms_;
    UnfinishedFolder folder_;
    std::string dump_program_;
    std::string restore_program_;
    std::map<std::string, std::int64_t> published_;
    Document document_;
};

}  // namespace

asio::awaitable<Document> back_up(pg::Session& session, objects::RawStore& store, BackupTerms terms)
{
    pg::Connection* connection =
        co_await session.connection(SteadyClock::now() + std::chrono::seconds{10});
    BackupRun run{session, store, std::move(terms), connection->server_version()};
    co_return co_await run.run();
}

}  // namespace exchange::backup
