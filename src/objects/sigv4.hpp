#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// AWS Signature Version 4 for S3 requests: headers, not pre-signed URLs, with the body's real hash.
// Pure: the caller gives the time.
namespace exchange::objects {

struct Credentials {
    std::string access_key;
    std::string secret_key;
    // Of temporary credentials; else empty.
    std::string session_token;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct UnsignedRequest {
    std::string method;
    // The Host header exactly as it will be sent.
    std::string host;
    // Begins with '/', not encoded.
    std::string path;
    // Not encoded, in any order.
    Pairs query;
    // Names in lower case. All are signed, so nothing on the way may change them.
    Pairs headers;
    // Lower-case hexadecimal.
    std::string body_sha256;
};

struct SignedRequest {
    // Path and query, encoded: the form that was signed.
    std::string target;
    // All but Host.
    Pairs headers;
};

// Keeps the signing key of the day, which costs four of the five HMACs. Not thread-safe.
class RequestSigner {
public:
    RequestSigner(Credentials credentials, std::string region);

    SignedRequest sign(const UnsignedRequest& request, std::int64_t unix_s);

private:
    const std::string& key_of(const std::string& day);

    Credentials credentials_;
    std::string region_;
    std::string day_;
    std::string key_;
};

enum class Slash { encoded, kept };
// RFC 3986 with upper-case digits: all but letters, digits and "-._~" is encoded.
std::string uri_encode(std::string_view text, Slash slash);

}  // namespace exchange::objects
