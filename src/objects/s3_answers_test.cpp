#include "objects/s3_errors.hpp"
#include "objects/s3_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exchange::objects {
namespace {

using ::testing::HasSubstr;

TEST(S3List, reads_keys_sizes_and_times)
{
    const auto page = parse_list_page(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/\">"
        "<Name>raw</Name><IsTruncated>true</IsTruncated>"
        "<Contents><Key>a&amp;b/c+d%20e</Key><LastModified>2026-02-28T23:59:59.125Z</LastModified>"
        "<ETag>&quot;x&quot;</ETag><Size>7</Size><Owner><ID>o</ID></Owner></Contents>"
        "<Contents><Key>z</Key><LastModified>1970-01-01T00:00:01Z</LastModified>"
        "<Size>0</Size></Contents></ListBucketResult>");
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->truncated);
    ASSERT_EQ(page->objects.size(), 2u);
    EXPECT_EQ(page->objects[0].key, "a&b/c+d%20e");
    EXPECT_EQ(page->objects[0].size, 7u);
    EXPECT_EQ(page->objects[0].modified_unix_ms, 1772323199125);
    EXPECT_EQ(page->objects[1].key, "z");
    EXPECT_EQ(page->objects[1].modified_unix_ms, 1000);
}

std::string list_with_key(std::string_view key)
{
    return "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>" + std::string{key} +
           "</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>"
           "</ListBucketResult>";
}

TEST(S3List, decodes_keys_when_the_server_says_they_are_encoded)
{
    const auto page = parse_list_page(list_with_key("a+b%2Bc/%C3%bc%25"));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->objects.at(0).key, "a b+c/ü%");
    for (const std::string_view bad : {"%", "%2", "%zz", "%-1", "%+1", "% 1", ""})
        EXPECT_FALSE(parse_list_page(list_with_key(bad))) << bad;
}

TEST(S3List, refuses_what_is_not_a_list)
{
    for (const std::string_view body :
         {"", "<html></html>", "<Error><Code>X</Code></Error>",
          "<ListBucketResult><Contents></Contents></ListBucketResult>",
          "<ListBucketResult><Contents><Key>a</Key><LastModified>yesterday</LastModified>"
          "<Size>1</Size></Contents></ListBucketResult>",
          "<ListBucketResult><Contents><Key>a</Key><LastModified>2026-01-01T00:00:00Z"
          "</LastModified><Size>-1</Size></Contents></ListBucketResult>"})
        EXPECT_FALSE(parse_list_page(body)) << body;
}

TEST(S3List, reads_times_of_lists_and_headers)
{
    EXPECT_EQ(parse_iso_time_ms("2026-02-28T23:59:59.1Z"), 1772323199100);
    EXPECT_EQ(parse_iso_time_ms("2026-02-28T23:59:59.123456Z"), 1772323199123);
    EXPECT_EQ(parse_http_time_ms("Sat, 28 Feb 2026 23:59:59 GMT"), 1772323199000);
    for (const std::string_view text :
         {"", "2026-02-28", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-28T24:00:00Z",
          "2026-02-28T23:59:59", "2026-02-28T23:59:59.Z", "2026-02-28T23:59:59,1Z",
          "2026-02-28T23:59:59+02:00", "-026-02-28T23:59:59Z"})
        EXPECT_FALSE(parse_iso_time_ms(text)) << text;
    for (const std::string_view text :
         {"", "Sat, 30 Feb 2026 23:59:59 GMT", "Sat, 28 Xxx 2026 23:59:59 GMT",
          "Sat, 28 anF 2026 23:59:59 GMT", "Sat, 28 Feb 2026 23:59:59 CET",
          "Saturday, 28-Feb-26 23:59:59 GMT", "Sat, 28 Feb 2026 99:59:59 GMT"})
        EXPECT_FALSE(parse_http_time_ms(text)) << text;
}

TEST(S3Errors, take_only_a_plain_code_from_the_body)
{
    EXPECT_EQ(parse_error_code("<Error><Code>NoSuchKey</Code><Message>m</Message></Error>"),
              "NoSuchKey");
    for (const std::string_view body :
         {"", "NoSuchKey", "<Code>NoSuchKey</Code>", "<Error></Error>",
          "<Error><Code>No such key</Code></Error>", "<html><Code>NoSuchKey</Code></html>"})
        EXPECT_EQ(parse_error_code(body), "") << body;
    EXPECT_EQ(parse_error_code("<Error><Code>" + std::string(65, 'x') + "</Code></Error>"), "");
}

TEST(S3Errors, name_what_to_do)
{
    struct Case {
        unsigned status;
        std::string_view code;
        StoreFault fault;
        std::string_view hint;
    };
    const Case cases[] = {
        {403, "InvalidAccessKeyId", StoreFault::denied, "AWS_ACCESS_KEY_ID"},
        {404, "XAdminUserNotFound", StoreFault::denied, "AWS_ACCESS_KEY_ID"},
        {403, "SignatureDoesNotMatch", StoreFault::denied, "AWS_SECRET_ACCESS_KEY"},
        {403, "AccessDenied", StoreFault::denied, "policy"},
        {403, "RequestTimeTooSkewed", StoreFault::denied, "clock"},
        {403, "", StoreFault::denied, "AWS_ACCESS_KEY_ID"},
        {400, "ExpiredToken", StoreFault::denied, "AWS_SESSION_TOKEN"},
        {400, "AuthorizationHeaderMalformed", StoreFault::denied, "AWS_REGION"},
        {301, "", StoreFault::denied, "AWS_REGION"},
        {404, "NoSuchBucket", StoreFault::bucket_missing, "RAW_STORE"},
        {404, "NoSuchKey", StoreFault::object_missing, "removed"},
        {404, "", StoreFault::unavailable, "S3_ENDPOINT"},
        {400, "BadDigest", StoreFault::corrupted, "try again"},
        {400, "XAmzContentSHA256Mismatch", StoreFault::corrupted, "try again"},
        {400, "XAmzContentChecksumMismatch", StoreFault::corrupted, "try again"},
        {416, "InvalidRange", StoreFault::corrupted, "shorter"},
        {416, "", StoreFault::corrupted, "shorter"},
        {503, "SlowDown", StoreFault::unavailable, "later"},
        {429, "", StoreFault::unavailable, "S3_ENDPOINT"},
        {500, "InternalError", StoreFault::unavailable, "S3_ENDPOINT"},
        {507, "", StoreFault::unavailable, "S3_ENDPOINT"},
        {400, "SomethingNew", StoreFault::denied, "RAW_STORE"},
    };
    for (const Case& c : cases) {
        net::ClientResponse response;
        response.status = c.status;
        if (!c.code.empty())
            response.body =
                "<Error><Code>" + std::string{c.code} + "</Code><Message>private</Message></Error>";
        const StoreError error = error_of(response, "S3 bucket 'raw' at http://x", "PUT");
        EXPECT_EQ(error.fault(), c.fault) << c.status << c.code;
        const std::string text = error.what();
        EXPECT_THAT(text, HasSubstr("S3 bucket 'raw' at http://x: PUT was answered with " +
                                    std::to_string(c.status)));
        EXPECT_THAT(text.substr(text.find("Hint: ")), HasSubstr(std::string{c.hint}));
        EXPECT_EQ(text.find("private"), text.npos);
    }
}

}  // namespace
}  // namespace exchange::objects
