#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

// Digests and comparison over OpenSSL. Pure functions; a failure of the library throws
// std::runtime_error.
namespace exchange::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);

// Of bytes that come piece by piece.
class Sha256Stream {
public:
    Sha256Stream();
    void add(std::string_view bytes);
    // Once.
    Sha256 finish();

private:
    std::shared_ptr<void> context_;
};

Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

// In time that does not depend on where they differ. Different lengths differ.
bool equal_constant_time(std::string_view left, std::string_view right);

std::string base64url_encode(std::string_view bytes);
// False on anything but unpadded base64url.
bool base64url_decode(std::string_view text, std::string& out);
std::string base64_encode(std::span<const std::uint8_t> bytes);

}  // namespace exchange::crypto
