#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Who is calling, from the Authorization header. Pure but for the clock it is given; no I/O today:
// the interface is a value in, a value out, so that verification by JWKS can be added behind it.
namespace exchange::auth {

// Every scope the exchange asks for. The development token holds them all.
inline constexpr std::string_view scope_ingest = "ingest";
inline constexpr std::array all_scopes{scope_ingest};

struct Principal {
    // Subject for logs; a name of a machine account, not of a person.
    std::string subject;
    // The one source it may send for; empty: any (the development token).
    std::optional<std::string> source;
    std::vector<std::string> scopes;

    bool may_send_for(std::string_view wanted) const { return !source || *source == wanted; }
    bool has_scope(std::string_view wanted) const;
};

struct Rejection {
    // Stable, and in the table of record/problem.hpp: token_missing, token_malformed,
    // token_invalid, token_expired, token_not_yet_valid, token_not_trusted.
    std::string code;
    // For the client; never echoes the token.
    std::string text;
};

using Verdict = std::variant<Principal, Rejection>;

class Authenticator {
public:
    virtual ~Authenticator() = default;
    // `authorization` is the header's value, empty when there is none. Never throws on input.
    virtual Verdict authenticate(std::string_view authorization, bool peer_is_loopback) const = 0;
};

struct AuthConfig {
    // `Bearer dev` is honoured when true and the peer is loopback (or `dev_from_anywhere`).
    bool env_local = false;
    bool dev_from_anywhere = false;
    // HS256: empty secret switches JWT off. At least 32 bytes (RFC 7518 section 3.2), and issuer
    // and audience set, else std::invalid_argument.
    std::string jwt_secret{};
    std::string jwt_issuer{};
    std::string jwt_audience{};
};

// `unix_now` in seconds. `sub` names the source, `scope` is a space-separated list; `exp`, `iss`,
// `aud` and `sub` are required, `nbf` is honoured; clocks may differ by 30 s. Only HS256 is
// accepted, whatever the token says of itself. The result may be used from any thread if `unix_now`
// may.
std::unique_ptr<Authenticator> make_authenticator(AuthConfig config,
                                                  std::function<std::int64_t()> unix_now);

}  // namespace exchange::auth
