#include "objects/open_store.hpp"

#include "objects/s3_bucket.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::objects {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StoreConfig s3_config()
{
    StoreConfig config;
    config.url = "s3://raw-objects";
    config.endpoint = "http://127.0.0.1:9000";
    config.access_key = "access";
    config.secret_key = "do-not-tell";
    return config;
}

std::string refusal(const StoreConfig& config)
{
    boost::asio::io_context io;
    try {
        open_store(io.get_executor(), config);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "accepted";
}

TEST(OpenStore, names_the_setting_that_makes_no_sense)
{
    struct Case {
        std::string_view setting;
        std::string StoreConfig::* field;
        std::string value;
    };
    const Case cases[] = {
        {"RAW_STORE", &StoreConfig::url, ""},
        {"RAW_STORE", &StoreConfig::url, "raw-objects"},
        {"RAW_STORE", &StoreConfig::url, "s3://"},
        {"RAW_STORE", &StoreConfig::url, "s3://ab"},
        {"RAW_STORE", &StoreConfig::url, "s3://raw objects"},
        {"RAW_STORE", &StoreConfig::url, "s3://raw?x"},
        {"RAW_STORE", &StoreConfig::url, "s3://raw/../other"},
        {"RAW_STORE", &StoreConfig::url, "s3://raw//x"},
        {"RAW_STORE", &StoreConfig::url, "gs://raw"},
        {"RAW_STORE", &StoreConfig::url, "file://relative"},
        {"S3_ENDPOINT", &StoreConfig::endpoint, "127.0.0.1:9000"},
        {"S3_ENDPOINT", &StoreConfig::endpoint, "http://127.0.0.1:9000/minio"},
        {"AWS_REGION", &StoreConfig::region, ""},
        {"AWS_REGION", &StoreConfig::region, "us east"},
        {"AWS_ACCESS_KEY_ID", &StoreConfig::access_key, ""},
        {"AWS_ACCESS_KEY_ID", &StoreConfig::access_key, "a\r\nb"},
        {"AWS_SECRET_ACCESS_KEY", &StoreConfig::secret_key, ""},
        {"AWS_SECRET_ACCESS_KEY", &StoreConfig::secret_key, "do-not-tell\n"},
        {"AWS_SESSION_TOKEN", &StoreConfig::session_token, "do not tell"},
    };
    for (const Case& c : cases) {
        StoreConfig config = s3_config();
        config.*c.field = c.value;
        EXPECT_THAT(refusal(config), HasSubstr(std::string{c.setting})) << c.value;
        EXPECT_THAT(refusal(config), Not(HasSubstr("tell")));
    }
    EXPECT_EQ(refusal(s3_config()), "accepted");
}

TEST(OpenStore, keeps_the_bucket_in_the_path_of_an_endpoint_and_in_the_host_of_aws)
{
    StoreConfig config = s3_config();
    config.url = "s3://raw/a/b/";
    const S3Place own = s3_place(config);
    EXPECT_EQ(own.origin, "http://127.0.0.1:9000");
    EXPECT_EQ(own.path, "/raw/");
    EXPECT_EQ(own.bucket, "raw");
    EXPECT_EQ(own.key_prefix, "a/b/");

    config.endpoint.clear();
    config.region = "eu-central-1";
    EXPECT_EQ(s3_place(config).origin, "https://raw.s3.eu-central-1.amazonaws.com");
    EXPECT_EQ(s3_place(config).path, "/");

    config.url = "s3://raw.objects";
    EXPECT_EQ(s3_place(config).origin, "https://s3.eu-central-1.amazonaws.com");
    EXPECT_EQ(s3_place(config).path, "/raw.objects/");
    EXPECT_EQ(s3_place(config).key_prefix, "");
}

}  // namespace
}  // namespace exchange::objects
