#include "auth/jwt.hpp"

#include "crypto/digest.hpp"

#include <gtest/gtest.h>

namespace exchange::auth {
namespace {

constexpr std::int64_t now = 1'767'225'600;

const AuthConfig config{.jwt_secret = "0123456789abcdef0123456789abcdef",
                        .jwt_issuer = "https://issuer.example",
                        .jwt_audience = "exchange"};

constexpr std::string_view hs256 = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view good =
    R"({"iss":"https://issuer.example","aud":"exchange","exp":1767225900,"sub":"clinic-7",)"
    R"("scope":"ingest query"})";

std::string sign(std::string_view header, std::string_view claims,
                 std::string_view secret = config.jwt_secret)
{
    const std::string text =
        crypto::base64url_encode(header) + '.' + crypto::base64url_encode(claims);
    const crypto::Sha256 mac = crypto::hmac_sha256(secret, text);
    return text + '.' +
           crypto::base64url_encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

// The rejection's code; empty when the token is accepted.
std::string verdict(std::string_view token)
{
    const Verdict result = verify_jwt(token, config, now);
    const auto* const rejection = std::get_if<Rejection>(&result);
    return rejection == nullptr ? "" : rejection->code;
}

std::string claims_with(std::string_view old, std::string_view replacement)
{
    std::string claims{good};
    return claims.replace(claims.find(old), old.size(), replacement);
}

TEST(Jwt, tells_subject_source_and_scopes)
{
    const Verdict result = verify_jwt(sign(hs256, good), config, now);
    const auto& principal = std::get<Principal>(result);
    EXPECT_EQ(principal.subject, "clinic-7");
    EXPECT_TRUE(principal.may_send_for("clinic-7"));
    EXPECT_FALSE(principal.may_send_for("clinic-8"));
    EXPECT_TRUE(principal.has_scope("ingest"));
    EXPECT_TRUE(principal.has_scope("query"));
    EXPECT_FALSE(principal.has_scope("ingest query"));
    EXPECT_FALSE(principal.has_scope(""));
}

// From RFC 7515 appendix A.1, the one published HS256 example: signature good, claims not ours.
TEST(Jwt, agrees_with_the_example_of_rfc_7515_on_the_signature)
{
    AuthConfig of_rfc = config;
    ASSERT_TRUE(crypto::base64url_decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        of_rfc.jwt_secret));
    of_rfc.jwt_issuer = "joe";
    const std::string token =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const Verdict result = verify_jwt(token, of_rfc, now);
    EXPECT_EQ(std::get<Rejection>(result).text, "the claim aud is required");
}

TEST(Jwt, header_must_say_hs256_and_little_else)
{
    struct Case {
        std::string_view header;
        std::string_view code;
    };
    const Case cases[] = {
        {R"({"alg":"HS256"})", ""},
        {R"({"alg":"HS256","typ":"jwt","kid":"1"})", ""},
        {R"({"alg":"none"})", "token_invalid"},
        {R"({"alg":"RS256"})", "token_invalid"},
        {R"({"alg":"HS512"})", "token_invalid"},
        {R"({"alg":"hs256"})", "token_invalid"},
        {R"({"alg":["HS256"]})", "token_invalid"},
        {R"({})", "token_invalid"},
        {R"({"alg":"HS256","typ":"JOSE"})", "token_invalid"},
        {R"({"alg":"HS256","typ":null})", "token_invalid"},
        {R"({"alg":"HS256","crit":["exp"]})", "token_invalid"},
        {R"({"alg":"none","alg":"HS256"})", "token_malformed"},
        {R"(["HS256"])", "token_malformed"},
        {R"(HS256)", "token_malformed"},
    };
    for (const Case& c : cases) EXPECT_EQ(verdict(sign(c.header, good)), c.code) << c.header;
}

TEST(Jwt, one_changed_character_anywhere_is_noticed)
{
    const std::string token = sign(hs256, good);
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_NE(verdict(changed), "") << i;
    }
}

TEST(Jwt, signature_must_be_there_whole_and_made_with_our_secret)
{
    const std::string token = sign(hs256, good);
    const std::string unsigned_text = token.substr(0, token.rfind('.'));
    EXPECT_EQ(verdict(unsigned_text + '.'), "token_not_trusted");
    EXPECT_EQ(verdict(token.substr(0, token.size() - 4)), "token_not_trusted");
    EXPECT_EQ(verdict(token + "AAAA"), "token_not_trusted");
    EXPECT_EQ(verdict(token + "="), "token_not_trusted");
    EXPECT_EQ(verdict(sign(hs256, good, "another secret of thirty-two bytes")),
              "token_not_trusted");
}

TEST(Jwt, has_three_parts_of_base64url_and_a_bounded_size)
{
    const std::string token = sign(hs256, good);
    for (const std::string& text :
         {std::string{}, std::string{"a"}, std::string{"a.b"}, token + ".x", '.' + token,
          std::string{".."}, "=" + token, std::string(token_bytes_max + 1, 'a')})
        EXPECT_EQ(verdict(text), "token_malformed");
}

TEST(Jwt, every_claim_is_required_and_held_to_its_type)
{
    struct Case {
        std::string_view old;
        std::string_view replacement;
        std::string_view code;
    };
    const Case cases[] = {
        {R"("iss":"https://issuer.example",)", "", "token_invalid"},
        {R"("iss":"https://issuer.example")", R"("iss":["https://issuer.example"])",
         "token_invalid"},
        {R"("https://issuer.example")", R"("https://issuer.example/")", "token_not_trusted"},
        {R"("aud":"exchange",)", "", "token_invalid"},
        {R"("aud":"exchange")", R"("aud":"exchange2")", "token_not_trusted"},
        {R"("aud":"exchange")", R"("aud":"")", "token_not_trusted"},
        {R"("aud":"exchange")", R"("aud":[])", "token_not_trusted"},
        {R"("aud":"exchange")", R"("aud":["other"])", "token_not_trusted"},
        {R"("aud":"exchange")", R"("aud":["exchange",1])", "token_not_trusted"},
        {R"("aud":"exchange")", R"("aud":["other","exchange"])", ""},
        {R"("exp":1767225900,)", "", "token_invalid"},
        {R"(1767225900)", R"("1767225900")", "token_invalid"},
        {R"(1767225900)", R"(1767225900.5)", "token_invalid"},
        {R"(1767225900)", R"(null)", "token_invalid"},
        {R"("sub":"clinic-7",)", "", "token_invalid"},
        {R"("sub":"clinic-7")", R"("sub":"")", "token_invalid"},
        {R"("sub":"clinic-7")", R"("sub":"clinic 7")", "token_invalid"},
        {R"("sub":"clinic-7")", R"("sub":7)", "token_invalid"},
        {R"("scope":"ingest query")", R"("scope":["ingest"])", "token_invalid"},
        {R"(,"scope":"ingest query")", "", ""},
        {R"("sub":"clinic-7")", R"("sub":"clinic-7","sub":"clinic-8")", "token_malformed"},
    };
    for (const Case& c : cases) {
        const std::string claims = claims_with(c.old, c.replacement);
        EXPECT_EQ(verdict(sign(hs256, claims)), c.code) << claims;
    }
    EXPECT_EQ(verdict(sign(hs256, "[]")), "token_malformed");
}

TEST(Jwt, times_may_be_30_seconds_off)
{
    struct Case {
        std::string times;
        std::string_view code;
    };
    const auto at = [](std::int64_t offset) { return std::to_string(now + offset); };
    const Case cases[] = {
        {R"("exp":)" + at(-29), ""},
        {R"("exp":)" + at(-30), "token_expired"},
        {R"("exp":9223372036854775807)", ""},
        {R"("exp":-9223372036854775808)", "token_expired"},
        {R"("exp":0)", "token_expired"},
        {R"("exp":)" + at(60) + R"(,"nbf":)" + at(30), ""},
        {R"("exp":)" + at(60) + R"(,"nbf":)" + at(31), "token_not_yet_valid"},
        {R"("exp":)" + at(60) + R"(,"nbf":"soon")", "token_invalid"},
    };
    for (const Case& c : cases)
        EXPECT_EQ(verdict(sign(hs256, claims_with(R"("exp":1767225900)", c.times))), c.code)
            << c.times;
}

}  // namespace
}  // namespace exchange::auth
