#include "auth/jwt.hpp"

#include "auth/flat_json.hpp"
#include "crypto/digest.hpp"
#include "record/submission.hpp"

#include <algorithm>

namespace exchange::auth {
namespace {

struct Parts {
    std::string_view header;
    std::string_view claims;
    std::string_view signature;
    // Header and claims with the dot between them.
    std::string_view signed_text;
};

Rejection malformed(std::string_view text)
{
    return {"token_malformed", std::string{text}};
}
Rejection invalid(std::string_view text)
{
    return {"token_invalid", std::string{text}};
}
Rejection not_trusted(std::string_view text)
{
    return {"token_not_trusted", std::string{text}};
}

std::optional<Parts> split(std::string_view token)
{
    const std::size_t first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = token.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    if (token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
    return Parts{.header = token.substr(0, first),
                 .claims = token.substr(first + 1, second - first - 1),
                 .signature = token.substr(second + 1),
                 .signed_text = token.substr(0, second)};
}

std::optional<FlatObject> decode(std::string_view part)
{
    std::string text;
    if (!crypto::base64url_decode(part, text)) return std::nullopt;
    return FlatObject::parse(text);
}

template <class T>
const T* get(const FlatObject& object, std::string_view name)
{
    return std::get_if<T>(object.find(name));
}

bool equal_but_for_case(std::string_view left, std::string_view right)
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::optional<Rejection> check_header(const FlatObject& header)
{
    const auto* const alg = get<std::string>(header, "alg");
    if (alg == nullptr || *alg != "HS256")
        return invalid("only tokens signed with HS256 are accepted");
    if (header.find("typ") != nullptr) {
        const auto* const typ = get<std::string>(header, "typ");
        if (typ == nullptr || !equal_but_for_case(*typ, "JWT"))
            return invalid("the token's type must be JWT");
    }
    // RFC 7515 section 4.1.11: extensions that are not understood must not be ignored.
    if (header.find("crit") != nullptr)
        return invalid("the token demands extensions that are not supported");
    return std::nullopt;
}

bool signature_matches(const Parts& parts, std::string_view secret)
{
    std::string given;
    if (!crypto::base64url_decode(parts.signature, given)) return false;
    const crypto::Sha256 due = crypto::hmac_sha256(secret, parts.signed_text);
    return crypto::equal_constant_time(given,
                                       {reinterpret_cast<const char*>(due.data()), due.size()});
}

bool addressed_to(const FlatObject& claims, const std::string& audience)
{
    if (const auto* const one = get<std::string>(claims, "aud")) return *one == audience;
    const auto* const many = get<std::vector<std::string>>(claims, "aud");
    return many != nullptr && std::ranges::find(*many, audience) != many->end();
}

std::optional<Rejection> check_times(const FlatObject& claims, std::int64_t unix_now)
{
    const auto* const exp = get<std::int64_t>(claims, "exp");
    if (exp == nullptr) return invalid("the claim exp is required, in whole seconds");
    if (*exp <= unix_now - leeway_seconds)
        return Rejection{"token_expired", "the token has expired; fetch a new one"};
    if (claims.find("nbf") == nullptr) return std::nullopt;
    const auto* const nbf = get<std::int64_t>(claims, "nbf");
    if (nbf == nullptr) return invalid("the claim nbf must be in whole seconds");
    if (*nbf > unix_now + leeway_seconds)
        return Rejection{"token_not_yet_valid", "the token is not valid yet"};
    return std::nullopt;
}

std::vector<std::string> split_scopes(std::string_view list)
{
    std::vector<std::string> scopes;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        if (end > 0) scopes.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return scopes;
}

Verdict read_claims(const FlatObject& claims, const AuthConfig& config, std::int64_t unix_now)
{
    const auto* const iss = get<std::string>(claims, "iss");
    if (iss == nullptr) return invalid("the claim iss is required");
    if (*iss != config.jwt_issuer) return not_trusted("the token is from another issuer");
    if (claims.find("aud") == nullptr) return invalid("the claim aud is required");
    if (!addressed_to(claims, config.jwt_audience))
        return not_trusted("the token is for another audience");
    if (auto rejection = check_times(claims, unix_now)) return *std::move(rejection);
    const auto* const sub = get<std::string>(claims, "sub");
    if (sub == nullptr || !record::valid_source(*sub))
        return invalid("the claim sub is required and must be the name of a source");
    Principal principal{.subject = *sub, .source = *sub, .scopes = {}};
    if (claims.find("scope") != nullptr) {
        const auto* const scope = get<std::string>(claims, "scope");
        if (scope == nullptr) return invalid("the claim scope must be a string");
        principal.scopes = split_scopes(*scope);
    }
    return principal;
}

}  // namespace

Verdict verify_jwt(std::string_view token, const AuthConfig& config, std::int64_t unix_now)
{
    if (token.size() > token_bytes_max) return malformed("the token is too long");
    const auto parts = split(token);
    if (!parts) return malformed("the token is not a JSON Web Token");
    const auto header = decode(parts->header);
    if (!header) return malformed("the token is not a JSON Web Token");
    if (auto rejection = check_header(*header)) return *std::move(rejection);
    if (!signature_matches(*parts, config.jwt_secret))
        return not_trusted("the token's signature does not match");
    const auto claims = decode(parts->claims);
    if (!claims) return malformed("the token's claims are not one JSON object");
    return read_claims(*claims, config, unix_now);
}

}  // namespace exchange::auth
