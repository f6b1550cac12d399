#include "backup/child.hpp"
#include "backup/client_tools.hpp"
#include "backup/document.hpp"
#include "backup/errors.hpp"
#include "backup/files.hpp"
#include "backup/manifest.hpp"
#include "support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

namespace exchange::backup {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ManifestEntry entry_of(const std::string& key)
{
    ManifestEntry entry;
    entry.key = key;
    entry.size = 42;
    entry.sha256 = crypto::sha256(key);
    return entry;
}

template <class Failure, class Act>
std::string message_of(Act act)
{
    try {
        act();
    } catch (const Failure& failure) {
        return failure.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TEST(Manifest, line_can_be_read_back)
{
    const std::string line = to_line(entry_of("bundles/01/0007-9-clinic \"a\"-ff"));
    EXPECT_TRUE(line.ends_with("\n"));
    const auto read = parse_line(std::string_view{line}.substr(0, line.size() - 1));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->key, "bundles/01/0007-9-clinic \"a\"-ff");
    EXPECT_EQ(read->size, 42u);
    EXPECT_EQ(read->sha256, crypto::sha256(read->key));
}

TEST(Manifest, line_that_is_cut_or_foreign_is_none)
{
    const std::string line = to_line(entry_of("k"));
    for (const std::string& bad :
         {std::string{}, line.substr(0, line.size() / 2), std::string{"[1]"}, std::string{"{}"},
          std::string{R"({"key":"k","size":-1,"sha256":"00"})"},
          std::string{R"({"key":"k","size":1,"sha256":"00"})"}})
        EXPECT_FALSE(parse_line(bad)) << bad;
}

TEST(Manifest, rows_are_read_out_of_a_dump_by_the_names_of_their_columns)
{
    CopiedTable table{{"key", "size"}};
    EXPECT_EQ(table.take("SET client_encoding = 'UTF8';"), nullptr);
    EXPECT_EQ(table.take("COPY public.bundles (size, lane, key) FROM stdin;"), nullptr);
    const auto* row = table.take("12\t0\ta\\\\b");
    ASSERT_NE(row, nullptr);
    EXPECT_THAT(*row, ElementsAre("a\\b", "12"));
    EXPECT_THROW(table.take("12\t0"), Damaged);
    EXPECT_EQ(table.take("\\."), nullptr);
    EXPECT_EQ(table.take("12\t0\ta"), nullptr);
    EXPECT_THROW(table.take("COPY public.bundles (size) FROM stdin;"), Damaged);
}

TEST(Manifest, bundle_without_its_digest_is_damage)
{
    const std::string digest(64, 'a');
    const BundleRow row = bundle_of({"bucket", "key", "7", "\\x" + digest});
    EXPECT_EQ(row.entry.size, 7u);
    EXPECT_THROW(bundle_of({"bucket", "key", "7", "\\x" + digest.substr(1)}), Damaged);
    EXPECT_THROW(bundle_of({"bucket", "key", "seven", "\\x" + digest}), Damaged);
}

TEST(Lines, come_whole_whatever_the_pieces)
{
    Lines lines;
    std::vector<std::string> seen;
    for (const char* piece : {"on", "e\ntwo\nthr", "ee\nrest"})
        lines.add(piece, [&](std::string_view line) { seen.emplace_back(line); });
    EXPECT_THAT(seen, ElementsAre("one", "two", "three"));
    EXPECT_EQ(lines.rest(), "rest");
}

TEST(Document, can_be_read_back)
{
    Document document;
    document.version = "1.2.3";
    document.schema = 8;
    document.postgres = 150018;
    document.bucket = "raw";
    document.objects = 3;
    document.objects_copied = true;
    document.files = {{dump_name, 10, crypto::sha256("dump")}};
    const Document read = parse_document(to_json(document));
    EXPECT_EQ(read.version, "1.2.3");
    EXPECT_EQ(read.schema, 8);
    EXPECT_EQ(read.objects, 3u);
    EXPECT_TRUE(read.objects_copied);
    ASSERT_EQ(read.files.size(), 1u);
    EXPECT_EQ(read.files[0].sha256, crypto::sha256("dump"));
}

TEST(Document, of_another_format_or_damaged_is_refused_by_name)
{
    const std::string whole = to_json(Document{});
    std::string later = whole;
    later.replace(later.find("\"format\":1"), 10, "\"format\":2");
    EXPECT_THAT(message_of<Damaged>([&] { parse_document(later); }), HasSubstr("format 2"));
    for (const std::string& bad :
         {std::string{}, whole.substr(0, whole.size() / 2), std::string{R"({"format":1})"}})
        EXPECT_THAT(message_of<Damaged>([&] { parse_document(bad); }), HasSubstr("backup.json"));
}

TEST(ClientTools, tell_their_version)
{
    EXPECT_EQ(major_version_in("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), 15);
    EXPECT_EQ(major_version_in("pg_dump (PostgreSQL) 17devel"), 17);
    EXPECT_EQ(major_version_in("pg_dump 15"), std::nullopt);
    EXPECT_EQ(major_version_in(""), std::nullopt);
}

class ClientToolsTest : public ::testing::Test {
protected:
    void make_program(const fs::path& path, const std::string& version)
    {
        fs::create_directories(path.parent_path());
        std::ofstream{path} << "#!/bin/sh\necho 'pg_dump (PostgreSQL) " << version << "'\n";
        fs::permissions(path, fs::perms::owner_all);
    }

    exchange::testing::TemporaryDirectory folder_;
    fs::path root_ = folder_.path();
};

TEST_F(ClientToolsTest, are_looked_for_on_the_path_and_then_newest_first)
{
    fs::create_directories(root_ / "versions/9/bin");
    fs::create_directories(root_ / "versions/15/bin");
    EXPECT_THAT(places_of("pg_dump", "/a::/b", root_ / "versions"),
                ElementsAre("/a/pg_dump", "/b/pg_dump", root_ / "versions/15/bin/pg_dump",
                            root_ / "versions/9/bin/pg_dump"));
    EXPECT_THAT(places_of("pg_dump", "", root_ / "none"), ElementsAre());
}

TEST_F(ClientToolsTest, older_than_the_server_are_refused_by_name)
{
    make_program(root_ / "pg_dump", "98.1");
    const std::string path = root_.string();
    EXPECT_EQ(find_client("pg_dump", 98, path), (root_ / "pg_dump").string());
    EXPECT_THAT(message_of<Unavailable>([&] { find_client("pg_dump", 99, path); }),
                ::testing::AllOf(HasSubstr("is of version 98"), HasSubstr("postgresql-client-99")));
    EXPECT_THAT(message_of<Unavailable>([&] { find_client("pg_none", 15, path); }),
                HasSubstr("pg_none was not found"));
}

TEST(Child, tells_its_end_and_sees_only_the_environment_it_is_given)
{
    ::setenv("JWT_SECRET", "secret", 1);
    ::setenv("PGHOST", "inherited", 1);
    std::string output;
    Command command;
    command.program = "sh";
    command.arguments = {"-c", "echo $JWT_SECRET-$PGHOST-$PGUSER; echo 'x: error: no' >&2; exit 3"};
    command.environment["PGUSER"] = "me";
    command.on_output = [&](std::string_view piece) { output += piece; };
    const Ended ended = run(command);
    ::unsetenv("JWT_SECRET");
    ::unsetenv("PGHOST");
    EXPECT_EQ(output, "-inherited-me\n");
    EXPECT_EQ(ended.code, 3);
    EXPECT_EQ(ended.complaint, "x: error: no");
}

TEST(Child, that_does_not_exist_is_told_by_name)
{
    Command command;
    command.program = "/nowhere/pg_dump";
    EXPECT_THAT(message_of<Unavailable>([&] { run(command); }), HasSubstr("/nowhere/pg_dump"));
}

TEST(Complaint, shows_no_row)
{
    EXPECT_EQ(complaint_in("pg_restore: error: no\nDETAIL: Key (x)=(Sam)\n"),
              "pg_restore: error: no");
    EXPECT_EQ(complaint_in("a warning\nCONTEXT:  COPY staged, line 1: Sam\n"), "a warning");
    EXPECT_EQ(complaint_in(""), "");
}

class UnfinishedFolderTest : public ::testing::Test {
protected:
    exchange::testing::TemporaryDirectory folder_;
    fs::path wanted_ = fs::path{folder_.path()} / "backup";
};

TEST_F(UnfinishedFolderTest, has_its_name_only_once_it_is_whole)
{
    {
        const UnfinishedFolder given_up{wanted_};
        write_file(given_up.path() / "file", "text");
        EXPECT_FALSE(fs::exists(wanted_));
    }
    EXPECT_TRUE(fs::is_empty(fs::path{folder_.path()}));
    UnfinishedFolder kept{wanted_};
    write_file(kept.path() / "file", "text");
    kept.finish();
    EXPECT_EQ(facts_of(wanted_ / "file").sha256, crypto::sha256("text"));
    struct stat status{};
    ASSERT_EQ(::stat((wanted_ / "file").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(UnfinishedFolderTest, replaces_nothing)
{
    fs::create_directory(wanted_);
    EXPECT_THAT(message_of<Conflict>([&] { UnfinishedFolder{wanted_}; }), HasSubstr("exists"));
    fs::remove(wanted_);
    UnfinishedFolder late{wanted_};
    fs::create_directories(wanted_ / "another");
    EXPECT_THAT(message_of<Conflict>([&] { late.finish(); }), HasSubstr("meanwhile"));
}

}  // namespace
}  // namespace exchange::backup
