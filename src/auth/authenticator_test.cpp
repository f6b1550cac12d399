#include "auth/authenticator.hpp"

#include "record/problem.hpp"

#include <gtest/gtest.h>

namespace exchange::auth {
namespace {

constexpr bool loopback = true;
constexpr bool elsewhere = false;

std::unique_ptr<Authenticator> with(AuthConfig config)
{
    return make_authenticator(std::move(config), [] { return std::int64_t{1'767'225'600}; });
}

AuthConfig with_secret()
{
    return {.jwt_secret = std::string(32, 's'), .jwt_issuer = "issuer", .jwt_audience = "exchange"};
}

std::string code(const Verdict& verdict)
{
    const auto* const rejection = std::get_if<Rejection>(&verdict);
    if (rejection == nullptr) return "";
    EXPECT_NE(record::find_problem(rejection->code), nullptr) << rejection->code;
    return rejection->code;
}

TEST(Authenticator, development_token_needs_the_local_environment_and_a_local_peer)
{
    const auto local = with({.env_local = true});
    EXPECT_EQ(code(local->authenticate("Bearer dev", loopback)), "");
    EXPECT_EQ(code(local->authenticate("Bearer dev", elsewhere)), "token_not_trusted");

    const auto open = with({.env_local = true, .dev_from_anywhere = true});
    EXPECT_EQ(code(open->authenticate("Bearer dev", elsewhere)), "");

    for (const bool anywhere : {false, true}) {
        const auto production = with({.env_local = false, .dev_from_anywhere = anywhere});
        EXPECT_EQ(code(production->authenticate("Bearer dev", loopback)), "token_not_trusted");
    }
}

TEST(Authenticator, development_token_may_do_everything_for_every_source)
{
    const Verdict verdict = with({.env_local = true})->authenticate("Bearer dev", loopback);
    const auto& principal = std::get<Principal>(verdict);
    EXPECT_EQ(principal.subject, "dev");
    EXPECT_TRUE(principal.may_send_for("any-source"));
    for (const std::string_view scope : all_scopes) EXPECT_TRUE(principal.has_scope(scope));
}

TEST(Authenticator, scheme_is_bearer_in_any_case)
{
    const auto local = with({.env_local = true});
    for (const std::string_view header : {"Bearer dev", "bearer dev", "BEARER dev", "Bearer  dev"})
        EXPECT_EQ(code(local->authenticate(header, loopback)), "") << header;
    EXPECT_EQ(code(local->authenticate("", loopback)), "token_missing");
    for (const std::string_view header :
         {"dev", "Bearer", "Bearer ", "Bearerdev", "Basic dev", "Basic ZGV2OmRldg==", " Bearer dev",
          "Token dev", "B", "Bearer\tdev"})
        EXPECT_EQ(code(local->authenticate(header, loopback)), "token_malformed") << header;
    for (const std::string_view header : {"Bearer Dev", "Bearer dev ", "Bearer devil"})
        EXPECT_EQ(code(local->authenticate(header, loopback)), "token_not_trusted") << header;
}

TEST(Authenticator, a_secret_does_not_switch_the_development_token_on_or_off)
{
    AuthConfig config = with_secret();
    EXPECT_EQ(code(with(config)->authenticate("Bearer dev", loopback)), "token_not_trusted");
    config.env_local = true;
    EXPECT_EQ(code(with(config)->authenticate("Bearer dev", loopback)), "");
}

// Made apart from this code, with Python's hmac and base64.
TEST(Authenticator, accepts_a_token_made_elsewhere)
{
    const std::string token =
        "Bearer "
        "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJzdWIiOiAiY2xpbmljLTciLCAic2NvcGUiOiA"
        "iaW5nZXN0IiwgImlzcyI6ICJpc3N1ZXIiLCAiYXVkIjogWyJleGNoYW5nZSJdLCAiaWF0IjogMTc2NzI"
        "yNTYwMCwgImV4cCI6IDE3NjcyMjkyMDB9.9CWHyM5ycp5cRzoXiM-K_dm8VXiYgsyEnfhtVkko-Vc";
    const Verdict verdict = with(with_secret())->authenticate(token, elsewhere);
    EXPECT_EQ(std::get<Principal>(verdict).source, "clinic-7");
    EXPECT_EQ(code(with({.env_local = true})->authenticate(token, loopback)), "token_not_trusted");
}

TEST(Authenticator, never_echoes_the_token)
{
    const auto both = with(with_secret());
    for (const std::string_view header :
         {"canary", "Bearer canary", "Bearer canary.canary.canary", "Basic canary"}) {
        const Verdict verdict = both->authenticate(header, loopback);
        EXPECT_EQ(std::get<Rejection>(verdict).text.find("canary"), std::string::npos);
    }
}

TEST(Authenticator, refuses_a_weak_or_half_made_configuration)
{
    AuthConfig weak = with_secret();
    weak.jwt_secret.pop_back();
    EXPECT_THROW(with(weak), std::invalid_argument);
    AuthConfig no_issuer = with_secret();
    no_issuer.jwt_issuer.clear();
    EXPECT_THROW(with(no_issuer), std::invalid_argument);
    AuthConfig no_audience = with_secret();
    no_audience.jwt_audience.clear();
    EXPECT_THROW(with(no_audience), std::invalid_argument);
    EXPECT_NO_THROW(with({}));
}

}  // namespace
}  // namespace exchange::auth
