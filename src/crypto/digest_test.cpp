#include "crypto/digest.hpp"

#include "base/hex.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace exchange::crypto {
namespace {

std::string repeated(std::size_t count, char byte)
{
    return std::string(count, byte);
}

std::string bytes_of(std::string_view hex)
{
    std::vector<std::uint8_t> out(hex.size() / 2);
    EXPECT_TRUE(from_hex(hex, out));
    return {out.begin(), out.end()};
}

TEST(Digest, sha256_agrees_with_the_examples_of_nist)
{
    struct Case {
        std::string bytes;
        std::string_view digest;
    };
    const Case cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {repeated(1'000'000, 'a'),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (const Case& c : cases) EXPECT_EQ(to_hex(sha256(c.bytes)), c.digest);
}

TEST(Digest, hmac_agrees_with_rfc_4231)
{
    struct Case {
        std::string key;
        std::string bytes;
        std::string_view mac;
    };
    const Case cases[] = {
        {repeated(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated(20, '\xaa'), repeated(50, '\xdd'),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {bytes_of("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeated(50, '\xcd'),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {repeated(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        // Not in the RFC: the empty key, which OpenSSL treats apart.
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (const Case& c : cases) EXPECT_EQ(to_hex(hmac_sha256(c.key, c.bytes)), c.mac);
}

TEST(Digest, comparison_wants_same_length_and_bytes)
{
    EXPECT_TRUE(equal_constant_time("", ""));
    EXPECT_TRUE(equal_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_constant_time("secret", "secreT"));
    EXPECT_FALSE(equal_constant_time("secret", "secret1"));
    EXPECT_FALSE(equal_constant_time("", "s"));
}

TEST(Base64, agrees_with_rfc_4648)
{
    struct Case {
        std::string bytes;
        std::string_view padded;
        std::string_view url;
    };
    const Case cases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/", "-_-_"},
        {std::string(3, '\0'), "AAAA", "AAAA"},
    };
    for (const Case& c : cases) {
        const std::vector<std::uint8_t> bytes(c.bytes.begin(), c.bytes.end());
        EXPECT_EQ(base64_encode(bytes), c.padded);
        EXPECT_EQ(base64url_encode(c.bytes), c.url);
        std::string back;
        EXPECT_TRUE(base64url_decode(c.url, back)) << c.url;
        EXPECT_EQ(back, c.bytes);
    }
}

TEST(Base64, decoding_refuses_all_but_the_one_unpadded_form)
{
    std::string out;
    for (const std::string_view text :
         {"Z", "Zg==", "Zm8=", "Zm9vY", "Zm 9", "Zm9v\n", "+/+/", "Zh", "Zm9", "Zm9v*", "\xc3\xa9"})
        EXPECT_FALSE(base64url_decode(text, out)) << text;
    EXPECT_FALSE(base64url_decode(std::string_view{"Zm\0v", 4}, out));
}

}  // namespace
}  // namespace exchange::crypto
