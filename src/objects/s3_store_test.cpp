#include "objects/s3_store.hpp"

#include "base/hex.hpp"
#include "crypto/digest.hpp"
#include "support/run_coroutine.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::objects {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_coroutine;
using testing::ScriptedAnswer;
using testing::ScriptedRequest;
using testing::ScriptedServer;
namespace asio = boost::asio;

constexpr std::string_view secret = "do-not-tell";

ScriptedAnswer error_answer(unsigned status, const std::string& code)
{
    return answer(status, "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code></Error>");
}

struct Fixture {
    explicit Fixture(ScriptedServer::Script script, const std::string& url = "s3://raw")
        : server{std::move(script)}
    {
        StoreConfig config;
        config.url = url;
        config.endpoint = server.origin();
        config.access_key = "access";
        config.secret_key = secret;
        store = make_s3_store(io.get_executor(), config, [] { return std::int64_t{1369353600}; });
    }

    TimePoint soon() const { return SteadyClock::now() + 10s; }

    template <class T>
    std::string failure(asio::awaitable<T> operation, StoreFault expected)
    {
        try {
            run_coroutine(io, std::move(operation));
        } catch (const StoreError& error) {
            EXPECT_EQ(error.fault(), expected) << error.what();
            EXPECT_THAT(error.what(), HasSubstr("'raw'"));
            EXPECT_THAT(error.what(), HasSubstr("Hint: "));
            EXPECT_THAT(error.what(), Not(HasSubstr(std::string{secret})));
            return error.what();
        }
        ADD_FAILURE() << "no failure";
        return "";
    }

    asio::io_context io;
    ScriptedServer server;
    std::unique_ptr<RawStore> store;
};

TEST(S3Store, puts_with_hash_checksum_date_and_signature)
{
    Fixture f{[](const ScriptedRequest&) { return answer(200); }, "s3://raw/part"};
    const std::string body = "body";
    const Sha256 sha256 = crypto::sha256(body);
    run_coroutine(f.io, f.store->put("a b", body, sha256, f.soon()));
    const ScriptedRequest request = f.server.requests().at(0);
    EXPECT_THAT(request.head, HasSubstr("PUT /raw/part/a%20b HTTP/1.1\r\n"));
    EXPECT_THAT(request.head, HasSubstr("\r\nx-amz-content-sha256: " + to_hex(sha256) + "\r\n"));
    EXPECT_THAT(request.head,
                HasSubstr("\r\nx-amz-checksum-sha256: " + crypto::base64_encode(sha256) + "\r\n"));
    EXPECT_THAT(request.head, HasSubstr("\r\nx-amz-date: 20130524T000000Z\r\n"));
    EXPECT_THAT(request.head, HasSubstr("Credential=access/20130524/us-east-1/s3/aws4_request"));
    EXPECT_THAT(request.head, HasSubstr("content-type;host;x-amz-checksum-sha256;"));
    EXPECT_THAT(request.head, Not(HasSubstr("Expect")));
    EXPECT_THAT(request.head, Not(HasSubstr(std::string{secret})));
    EXPECT_EQ(request.body, body);
    EXPECT_EQ(f.store->bucket(), "raw");
    EXPECT_EQ(f.store->key_prefix(), "part/");
}

TEST(S3Store, takes_only_the_range_it_asked_for)
{
    struct Case {
        unsigned status;
        std::string body;
        std::uint64_t offset;
        std::string outcome;
    };
    const Case cases[] = {
        {206, "12345", 7, "12345"},       {200, "12345", 0, "12345"},
        {206, "1234", 7, "corrupted"},    {206, "123456", 7, "corrupted"},
        {200, "1234567", 0, "corrupted"}, {200, "12345", 7, "corrupted"},
    };
    for (const Case& c : cases) {
        Fixture f{[&](const ScriptedRequest&) { return answer(c.status, c.body); }};
        if (c.outcome == "corrupted")
            f.failure(f.store->get("k", c.offset, 5, f.soon()), StoreFault::corrupted);
        else EXPECT_EQ(run_coroutine(f.io, f.store->get("k", c.offset, 5, f.soon())), c.outcome);
        EXPECT_THAT(f.server.requests().at(0).head,
                    HasSubstr("\r\nrange: bytes=" + std::to_string(c.offset) + "-" +
                              std::to_string(c.offset + 4) + "\r\n"));
    }
}

TEST(S3Store, asks_what_is_missing_when_a_head_finds_nothing)
{
    std::string code = "NoSuchKey";
    Fixture f{[&](const ScriptedRequest& request) {
        if (request.head.starts_with("HEAD")) return ScriptedAnswer{"HTTP/1.1 404 N\r\n\r\n"};
        return error_answer(404, code);
    }};
    EXPECT_FALSE(run_coroutine(f.io, f.store->head("k", f.soon())));
    code = "NoSuchBucket";
    EXPECT_THAT(f.failure(f.store->head("k", f.soon()), StoreFault::bucket_missing),
                HasSubstr("RAW_STORE"));
}

TEST(S3Store, maps_errors_of_every_operation)
{
    std::string code = "SlowDown";
    unsigned status = 503;
    Fixture f{[&](const ScriptedRequest& request) {
        if (request.head.starts_with("HEAD"))
            return ScriptedAnswer{"HTTP/1.1 " + std::to_string(status) + " N\r\n\r\n"};
        return error_answer(status, code);
    }};
    const Sha256 sha256 = crypto::sha256("x");
    const auto all = [&](StoreFault expected) {
        f.failure(f.store->put("k", "x", sha256, f.soon()), expected);
        f.failure(f.store->get("k", 0, 1, f.soon()), expected);
        f.failure(f.store->head("k", f.soon()), expected);
        f.failure(f.store->list("", "", f.soon()), expected);
        f.failure(f.store->remove("k", f.soon()), expected);
        f.failure(f.store->probe(f.soon()), expected);
    };
    all(StoreFault::unavailable);
    status = 403;
    code = "SignatureDoesNotMatch";
    all(StoreFault::denied);
    status = 404;
    code = "NoSuchBucket";
    all(StoreFault::bucket_missing);
}

std::string page(std::string_view keys, bool truncated)
{
    std::string out = "<ListBucketResult><IsTruncated>";
    out.append(truncated ? "true" : "false").append("</IsTruncated>");
    for (const char key : keys)
        out.append("<Contents><Key>p/")
            .append(1, key)
            .append("</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></"
                    "Contents>");
    return out + "</ListBucketResult>";
}

TEST(S3Store, follows_a_list_that_the_server_cut_early)
{
    Fixture f{[](const ScriptedRequest& request) {
                  return answer(200, page(request.number == 0 ? "ab" : "c", request.number == 0));
              },
              "s3://raw/p"};
    const auto found = run_coroutine(f.io, f.store->list("", "", f.soon()));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[2].key, "c");
    EXPECT_THAT(
        f.server.requests().at(0).head,
        HasSubstr("GET /raw/?encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F HTTP"));
    EXPECT_THAT(f.server.requests().at(1).head,
                HasSubstr("max-keys=998&prefix=p%2F&start-after=p%2Fb HTTP"));
}

TEST(S3Store, does_not_believe_an_answer_that_is_no_list)
{
    for (const std::string& body : {std::string{"<html></html>"}, page("a", false)}) {
        Fixture f{[&](const ScriptedRequest&) { return answer(200, body); }};
        EXPECT_THAT(f.failure(f.store->list("q", "", f.soon()), StoreFault::unavailable),
                    HasSubstr("S3_ENDPOINT"));
    }
}

TEST(S3Store, does_not_ask_for_ever_a_server_that_promises_more_and_gives_none)
{
    Fixture f{[](const ScriptedRequest&) { return answer(200, page("", true)); }};
    EXPECT_TRUE(run_coroutine(f.io, f.store->list("", "", f.soon())).empty());
    EXPECT_EQ(f.server.requests().size(), 1u);
}

TEST(S3Store, does_not_mind_removing_what_is_gone)
{
    Fixture f{[](const ScriptedRequest&) { return error_answer(404, "NoSuchKey"); }};
    run_coroutine(f.io, f.store->remove("k", f.soon()));
}

TEST(S3Store, says_that_the_server_is_away_or_silent)
{
    const Sha256 sha256 = crypto::sha256("x");
    Fixture silent{[](const ScriptedRequest&) { return ScriptedAnswer{"", false, true}; }};
    EXPECT_THAT(silent.failure(silent.store->put("k", "x", sha256, SteadyClock::now() + 30ms),
                               StoreFault::unavailable),
                HasSubstr("no answer within the deadline"));
    Fixture closing{[](const ScriptedRequest&) { return ScriptedAnswer{"", true, false}; }};
    EXPECT_THAT(closing.failure(closing.store->put("k", "x", sha256, closing.soon()),
                                StoreFault::unavailable),
                HasSubstr("S3_ENDPOINT"));
}

TEST(MakeBucket, succeeds_when_the_bucket_is_there_and_ours)
{
    struct Case {
        unsigned status;
        std::string code;
        bool visible;
        bool good;
    };
    const Case cases[] = {{200, "", true, true},
                          {409, "BucketAlreadyOwnedByYou", false, true},
                          {409, "BucketAlreadyExists", true, true},
                          {409, "BucketAlreadyExists", false, false},
                          {403, "AccessDenied", true, false}};
    for (const Case& c : cases) {
        const ScriptedServer server{[&](const ScriptedRequest& request) {
            if (request.head.starts_with("HEAD")) return answer(c.visible ? 200 : 403);
            return error_answer(c.status, c.code);
        }};
        asio::io_context io;
        StoreConfig config;
        config.url = "s3://raw";
        config.endpoint = server.origin();
        config.access_key = "access";
        config.secret_key = secret;
        bool good = true;
        try {
            run_coroutine(io, make_bucket(config, SteadyClock::now() + 10s));
        } catch (const StoreError& error) {
            good = false;
            EXPECT_EQ(error.fault(), StoreFault::denied);
        }
        EXPECT_EQ(good, c.good) << c.status << c.code;
    }
}

}  // namespace
}  // namespace exchange::objects
