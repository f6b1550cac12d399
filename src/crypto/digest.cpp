#include "crypto/digest.hpp"

#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace exchange::crypto {
namespace {

const unsigned char* as_unsigned(std::string_view bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Sha256 sha256(std::string_view bytes)
{
    Sha256 out{};
    unsigned size = 0;
    const int ok = EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr);
    if (ok != 1 || size != out.size()) throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
    return out;
}

namespace {

EVP_MD_CTX* context_of(const std::shared_ptr<void>& held)
{
    return static_cast<EVP_MD_CTX*>(held.get());
}

}  // namespace

Sha256Stream::Sha256Stream()
    : context_{EVP_MD_CTX_new(),
               [](void* held) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(held)); }}
{
    if (!context_ || EVP_DigestInit_ex(context_of(context_), EVP_sha256(), nullptr) != 1)
        throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
}

void Sha256Stream::add(std::string_view bytes)
{
    if (EVP_DigestUpdate(context_of(context_), bytes.data(), bytes.size()) != 1)
        throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
}

Sha256 Sha256Stream::finish()
{
    Sha256 out{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_of(context_), out.data(), &size) != 1 || size != out.size())
        throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
    return out;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes)
{
    Sha256 out{};
    std::size_t size = 0;
    // OpenSSL takes a null pointer for "no key given" and refuses it, even with length 0.
    const char* key_bytes = key.empty() ? "" : key.data();
    const unsigned char* done =
        EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key_bytes, key.size(),
                  as_unsigned(bytes), bytes.size(), out.data(), out.size(), &size);
    if (done == nullptr || size != out.size())
        throw std::runtime_error{"OpenSSL cannot compute HMAC-SHA-256"};
    return out;
}

bool equal_constant_time(std::string_view left, std::string_view right)
{
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace exchange::crypto
