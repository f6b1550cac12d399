#include "auth/authenticator.hpp"

#include "auth/jwt.hpp"

#include <algorithm>
#include <stdexcept>

namespace exchange::auth {
namespace {

constexpr std::size_t secret_bytes_min = 32;

void check(const AuthConfig& config)
{
    if (config.jwt_secret.empty()) return;
    if (config.jwt_secret.size() < secret_bytes_min)
        throw std::invalid_argument{
            "The secret for HS256 tokens is shorter than 32 bytes. "
            "Hint: make one with `openssl rand -base64 48` and set it at the issuer too."};
    if (config.jwt_issuer.empty() || config.jwt_audience.empty())
        throw std::invalid_argument{"A secret for tokens is set, but not both issuer and audience. "
                                    "Hint: set them to the exact `iss` and `aud` of the tokens."};
}

// What follows the scheme, or nothing when the scheme is not Bearer (RFC 9110 section 11.1: any
// case).
std::optional<std::string_view> bearer_token(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size()) return std::nullopt;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (!std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, lower))
        return std::nullopt;
    authorization.remove_prefix(scheme.size());
    const std::size_t start = authorization.find_first_not_of(' ');
    if (start == std::string_view::npos) return std::nullopt;
    return authorization.substr(start);
}

class BearerAuthenticator final : public Authenticator {
public:
    BearerAuthenticator(AuthConfig config, std::function<std::int64_t()> unix_now)
        : config_{std::move(config)}, unix_now_{std::move(unix_now)}
    {
    }

    Verdict authenticate(std::string_view authorization, bool peer_is_loopback) const override
    {
        if (authorization.empty())
            return Rejection{"token_missing", "send Authorization: Bearer <token>"};
        const auto token = bearer_token(authorization);
        if (!token) return Rejection{"token_malformed", "expected: Bearer <token>"};
        if (*token == "dev") return development(peer_is_loopback);
        if (config_.jwt_secret.empty())
            return Rejection{"token_not_trusted", "no issuer of tokens is configured here"};
        return verify_jwt(*token, config_, unix_now_());
    }

private:
    Verdict development(bool peer_is_loopback) const
    {
        if (!config_.env_local || !(peer_is_loopback || config_.dev_from_anywhere))
            return Rejection{"token_not_trusted",
                             "the development token works with ENV=local from this machine only"};
        return Principal{
            .subject = "dev", .source = {}, .scopes = {all_scopes.begin(), all_scopes.end()}};
    }

    AuthConfig config_;
    std::function<std::int64_t()> unix_now_;
};

}  // namespace

bool Principal::has_scope(std::string_view wanted) const
{
    return std::ranges::find(scopes, wanted) != scopes.end();
}

std::unique_ptr<Authenticator> make_authenticator(AuthConfig config,
                                                  std::function<std::int64_t()> unix_now)
{
    check(config);
    return std::make_unique<BearerAuthenticator>(std::move(config), std::move(unix_now));
}

}  // namespace exchange::auth
