#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>

// A key and a certificate that vouches for itself, made anew for each test.
namespace exchange::testing {

struct SelfSigned {
    std::string certificate_pem;
    std::string key_pem;
};

namespace detail {

template <auto free_function>
struct Free {
    template <class T>
    void operator()(T* object) const
    {
        free_function(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

inline std::string contents(BIO* bio)
{
    std::string out(16 * 1024, '\0');
    const int got = BIO_read(bio, out.data(), static_cast<int>(out.size()));
    if (got <= 0) throw std::runtime_error{"OpenSSL wrote no PEM"};
    out.resize(static_cast<std::size_t>(got));
    return out;
}

inline void add_extension(X509* certificate, int id, const std::string& value)
{
    const Extension extension{X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str())};
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
        throw std::runtime_error{"OpenSSL made no extension"};
}

inline Certificate certify(EVP_PKEY* key, const std::string& alternative_name)
{
    Certificate certificate{X509_new()};
    X509* x509 = certificate.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* name = X509_get_subject_name(x509);
    const std::string common = "test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x509, NID_subject_alt_name, alternative_name);
    if (X509_sign(x509, key, EVP_sha256()) == 0) throw std::runtime_error{"OpenSSL cannot sign"};
    return certificate;
}

}  // namespace detail

// `alternative_name`: "IP:127.0.0.1" or "DNS:localhost".
inline SelfSigned make_self_signed(const std::string& alternative_name)
{
    const detail::Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
    if (!key) throw std::runtime_error{"OpenSSL made no key"};
    const detail::Certificate certificate = detail::certify(key.get(), alternative_name);
    const detail::Bio certificate_out{BIO_new(BIO_s_mem())};
    const detail::Bio key_out{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(certificate_out.get(), certificate.get());
    PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {detail::contents(certificate_out.get()), detail::contents(key_out.get())};
}

}  // namespace exchange::testing
