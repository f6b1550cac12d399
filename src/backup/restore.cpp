#include "backup/restore.hpp"

#include "backup/child.hpp"
#include "backup/client_tools.hpp"
#include "backup/errors.hpp"
#include "backup/sql.hpp"
#include "objects/file_store.hpp"
#include "outbox/move_bundles.hpp"
#include "pg/migrate.hpp"
#include "pg/migrations_data.hpp"
#include "pg/options.hpp"

#include <fmt/format.h>

namespace exchange::backup {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

TimePoint soon()
{
    return SteadyClock::now() + std::chrono::seconds{30};
}

// A large table may be rewritten or read; only the operator's patience bounds it.
TimePoint in_a_day()
{
    return SteadyClock::now() + std::chrono::hours{24};
}

void check_file(const fs::path& from, const FileFacts& written)
{
    const fs::path path = from / written.name;
    if (!fs::exists(path))
        throw Damaged{fmt::format("{} is missing. Hint: bring the whole folder of the backup",
                                  path.string())};
    const FileFacts found = facts_of(path);
    if (found.size != written.size)
        throw Damaged{fmt::format("{} has {} bytes, and {} were written: it is cut or was changed. "
                                  "Hint: use another backup",
                                  path.string(), found.size, written.size)};
    if (found.sha256 != written.sha256)
        throw Damaged{fmt::format("{} is damaged: its SHA-256 is another. Hint: use another backup",
                                  path.string())};
}

WalkTerms walk_of(const Document& document, const RestoreTerms& terms)
{
    WalkTerms walk;
    walk.manifest = terms.from / manifest_name;
    walk.key_prefix = document.key_prefix;
    walk.objects = document.objects;
    walk.at_once = terms.at_once;
    walk.tell = terms.tell;
    return walk;
}

void tell(const RestoreTerms& terms, const std::string& what)
{
    if (terms.tell) terms.tell(what);
}

void load_dump(const RestoreTerms& terms, int server_version)
{
    Command command;
    command.program = find_client("pg_restore", server_version / 10000, terms.search_path);
    tell(terms, fmt::format("restoring the database with {}", command.program));
    command.arguments = {"--no-owner",
                         "--no-privileges",
                         "--exit-on-error",
                         "--single-transaction",
                         "--no-password",
                         "--dbname=application_name='exchange restore'",
                         (terms.from / dump_name).string()};
    command.environment = pg::environment_of(terms.conninfo);
    const Ended ended = run(command);
    if (ended.code != 0)
        throw Unavailable{
            fmt::format("{}. Hint: nothing was restored; look at Postgres' log", ended.complaint)};
}

}  // namespace

Document check_files(const fs::path& from)
{
    const fs::path path = from / document_name;
    if (!fs::exists(path))
        throw Damaged{fmt::format("{} holds no backup: there is no {}. Hint: name the folder that "
                                  "exchange backup made",
                                  from.string(), document_name)};
    std::string text;
    read_pieces(path, [&](std::string_view piece) { text += piece; });
    const Document document = parse_document(text);
    for (const FileFacts& written : document.files) check_file(from, written);
    return document;
}

asio::awaitable<void> check_objects(objects::RawStore& store, const Document& document,
                                    RestoreTerms terms)
{
    WalkTerms walk = walk_of(document, terms);
    if (!document.objects_copied) {
        co_await check_listed(store, std::move(walk));
        co_return;
    }
    const auto copies = objects::make_file_store(fs::absolute(terms.from) / objects_name);
    co_await check_whole(*copies, std::move(walk));
}

asio::awaitable<void> check_target(pg::Session& session, const Document& document, bool replace)
{
    if (document.schema > pg::migrations.back().number)
        throw Conflict{fmt::format("the backup has schema {}, and this version knows {}. Hint: "
                                   "restore with version {} or a newer one",
                                   document.schema, pg::migrations.back().number,
                                   document.version)};
    pg::Connection* connection = co_await session.connection(soon());
    if (connection->server_version() / 10000 < document.postgres / 10000)
        throw Conflict{fmt::format("the backup is of Postgres {}, and this server is older. Hint: "
                                   "restore into Postgres {} or newer",
                                   document.postgres / 10000, document.postgres / 10000)};
    const pg::Rows state = co_await session.run(sql::database_state, pg::Params{}, soon());
    const std::string name{state.bytes(0, 0)};
    if (state.integer(0, 2) > 0)
        throw Conflict{fmt::format("{} other sessions use database {}. Hint: stop the exchange "
                                   "and whatever else is connected",
                                   state.integer(0, 2), name)};
    if (state.integer(0, 1) > 0 && !replace)
        throw Conflict{fmt::format("database {} is not empty. Hint: name an empty one in "
                                   "DATABASE_URL, or give --replace to remove all that it holds",
                                   name)};
}

asio::awaitable<void> restore(pg::Session& session, objects::RawStore& store,
                              const Document& document, RestoreTerms terms)
{
    if (document.objects_copied) {
        const auto copies = objects::make_file_store(fs::absolute(terms.from) / objects_name);
        co_await copy_objects(*copies, store, walk_of(document, terms));
    }
    if (terms.replace) co_await session.run(sql::empty_database, pg::Params{}, in_a_day());
    pg::Connection* connection = co_await session.connection(soon());
    load_dump(terms, connection->server_version());
    session.close();
    connection = co_await session.connection(soon());
    const auto applied = co_await pg::migrate(*connection, pg::migrations, in_a_day());
    if (!applied.empty()) tell(terms, fmt::format("applied {} migrations", applied.size()));
    const std::int64_t moved = co_await outbox::move_bundles(session, store, document.bucket,
                                                             document.key_prefix, in_a_day());
    if (moved > 0)
        tell(terms, fmt::format("{} objects were in {}, and are in {} from now on", moved,
                                document.bucket, store.bucket()));
}

}  // namespace exchange::backup
