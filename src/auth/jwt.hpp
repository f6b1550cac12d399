#pragma once

#include "auth/authenticator.hpp"

#include <cstdint>
#include <string_view>

// JSON Web Tokens (RFC 7519) with HMAC-SHA-256, read strictly (RFC 8725). Pure.
namespace exchange::auth {

// Longer than any token a source has reason to send; bounds what one request can make us decode.
inline constexpr std::size_t token_bytes_max = 8192;

// How far the clocks of the issuer and of this machine may be apart. Machines on NTP differ by far
// less; higher would keep expired tokens alive for longer.
inline constexpr std::int64_t leeway_seconds = 30;

// The signature is compared before any claim is read.
Verdict verify_jwt(std::string_view token, const AuthConfig& config, std::int64_t unix_now);

}  // namespace exchange::auth
