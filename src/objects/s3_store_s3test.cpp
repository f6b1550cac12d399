#include "objects/open_store.hpp"

#include "base/hex.hpp"
#include "base/random.hpp"
#include "objects/raw_store_conformance.hpp"

#include <cstdlib>
#include <gmock/gmock.h>

namespace exchange::objects {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_coroutine;
namespace asio = boost::asio;

std::string required(const char* variable)
{
    const char* value = std::getenv(variable);
    if (value == nullptr)
        throw std::runtime_error{std::string{variable} +
                                 " is not set; it names the S3 server for the tests"};
    return value;
}

StoreConfig test_config()
{
    SystemRandom random;
    std::array<std::uint8_t, 8> name{};
    random.fill(name);
    StoreConfig config;
    config.url = "s3://test-" + to_hex(name);
    config.endpoint = required("EXCHANGE_TEST_S3");
    config.access_key = required("EXCHANGE_TEST_S3_ACCESS_KEY");
    config.secret_key = required("EXCHANGE_TEST_S3_SECRET_KEY");
    return config;
}

StoreConfig config_with_bucket()
{
    const StoreConfig config = test_config();
    asio::io_context io;
    run_coroutine(io, make_bucket(config, SteadyClock::now() + 30s));
    return config;
}

struct BucketBackend {
    std::unique_ptr<RawStore> open(const asio::any_io_executor& executor)
    {
        return open_store(executor, config_with_bucket());
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(S3, RawStoreConformance, BucketBackend);

// A part of a bucket that holds other things too.
struct PrefixBackend {
    std::unique_ptr<RawStore> open(const asio::any_io_executor& executor)
    {
        StoreConfig config = config_with_bucket();
        asio::io_context io;
        const auto whole = open_store(io.get_executor(), config);
        const Sha256 sha256 = crypto::sha256("x");
        for (const std::string key : {"a", "part/of-0", "part/of0/a", "z"})
            run_coroutine(io, whole->put(key, "x", sha256, SteadyClock::now() + 30s));
        config.url += "/part/of";
        return open_store(executor, config);
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(S3Prefix, RawStoreConformance, PrefixBackend);

std::string probe_failure(const StoreConfig& config, StoreFault expected)
{
    asio::io_context io;
    const auto store = open_store(io.get_executor(), config);
    try {
        run_coroutine(io, store->probe(SteadyClock::now() + 30s));
    } catch (const StoreError& error) {
        EXPECT_EQ(error.fault(), expected) << error.what();
        EXPECT_THAT(error.what(), Not(HasSubstr(config.secret_key)));
        return error.what();
    }
    return "no failure";
}

TEST(S3Server, is_told_a_wrong_secret)
{
    StoreConfig config = config_with_bucket();
    config.secret_key += "wrong";
    EXPECT_THAT(probe_failure(config, StoreFault::denied), HasSubstr("AWS_SECRET_ACCESS_KEY"));
}

TEST(S3Server, is_told_an_unknown_access_key)
{
    StoreConfig config = config_with_bucket();
    config.access_key = "nobody";
    EXPECT_THAT(probe_failure(config, StoreFault::denied), HasSubstr("AWS_ACCESS_KEY_ID"));
}

TEST(S3Server, misses_a_bucket_in_every_operation)
{
    const StoreConfig config = test_config();
    EXPECT_THAT(probe_failure(config, StoreFault::bucket_missing), HasSubstr("RAW_STORE"));
    asio::io_context io;
    const auto store = open_store(io.get_executor(), config);
    const TimePoint soon = SteadyClock::now() + 30s;
    const auto missing = [&](auto operation) {
        try {
            run_coroutine(io, std::move(operation));
            ADD_FAILURE() << "no failure";
        } catch (const StoreError& error) {
            EXPECT_EQ(error.fault(), StoreFault::bucket_missing) << error.what();
        }
    };
    missing(store->get("k", 0, 1, soon));
    missing(store->head("k", soon));
    missing(store->list("", "", soon));
    missing(store->remove("k", soon));
}

TEST(S3Server, is_reported_when_it_is_down)
{
    StoreConfig config = test_config();
    config.endpoint = "http://127.0.0.1:1";
    EXPECT_THAT(probe_failure(config, StoreFault::unavailable), HasSubstr("S3_ENDPOINT"));
}

TEST(S3Server, makes_a_bucket_once)
{
    const StoreConfig config = config_with_bucket();
    asio::io_context io;
    run_coroutine(io, make_bucket(config, SteadyClock::now() + 30s));
    EXPECT_EQ(probe_failure(config, StoreFault::unavailable), "no failure");
}

}  // namespace
}  // namespace exchange::objects
