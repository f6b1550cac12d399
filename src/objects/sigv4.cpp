#include "objects/sigv4.hpp"

#include "base/hex.hpp"
#include "crypto/digest.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace exchange::objects {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string bytes(const crypto::Sha256& digest)
{
    return {digest.begin(), digest.end()};
}

std::string mac(std::string_view key, std::string_view text)
{
    return bytes(crypto::hmac_sha256(key, text));
}

// 20130524T000000Z
std::string timestamp(std::int64_t unix_s)
{
    using namespace std::chrono;
    const sys_seconds moment{seconds{unix_s}};
    const sys_days day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", int{date.year()}, unsigned{date.month()},
                       unsigned{date.day()}, time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

std::string canonical_query(const Pairs& query)
{
    Pairs encoded;
    for (const auto& [name, value] : query)
        encoded.emplace_back(uri_encode(name, Slash::encoded), uri_encode(value, Slash::encoded));
    std::ranges::sort(encoded);
    std::string out;
    for (const auto& [name, value] : encoded) {
        if (!out.empty()) out += '&';
        out.append(name).append("=").append(value);
    }
    return out;
}

// Without blanks at the ends, and one for each run of them.
std::string trimmed(std::string_view value)
{
    std::string out;
    for (const char c : value) {
        if (c != ' ' && c != '\t') out += c;
        else if (!out.empty() && out.back() != ' ') out += ' ';
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

std::string signed_names(const Pairs& sorted_headers)
{
    std::string out;
    for (const auto& [name, value] : sorted_headers) {
        if (!out.empty()) out += ';';
        out += name;
    }
    return out;
}

std::string canonical_request(const UnsignedRequest& request, std::string_view path,
                              std::string_view query, const Pairs& sorted_headers)
{
    std::string out = fmt::format("{}\n{}\n{}\n", request.method, path, query);
    for (const auto& [name, value] : sorted_headers)
        out.append(name).append(":").append(trimmed(value)).append("\n");
    return out + "\n" + signed_names(sorted_headers) + "\n" + request.body_sha256;
}

}  // namespace

std::string uri_encode(std::string_view text, Slash slash)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' ||
                           (c == '/' && slash == Slash::kept);
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

RequestSigner::RequestSigner(Credentials credentials, std::string region)
    : credentials_{std::move(credentials)}, region_{std::move(region)}
{
}

const std::string& RequestSigner::key_of(const std::string& day)
{
    if (day_ == day) return key_;
    key_ = mac(mac(mac(mac("AWS4" + credentials_.secret_key, day), region_), "s3"), "aws4_request");
    day_ = day;
    return key_;
}

SignedRequest RequestSigner::sign(const UnsignedRequest& request, std::int64_t unix_s)
{
    const std::string time = timestamp(unix_s);
    const std::string day = time.substr(0, 8);
    SignedRequest out;
    out.headers = request.headers;
    out.headers.emplace_back("x-amz-content-sha256", request.body_sha256);
    out.headers.emplace_back("x-amz-date", time);
    if (!credentials_.session_token.empty())
        out.headers.emplace_back("x-amz-security-token", credentials_.session_token);

    Pairs sorted = out.headers;
    sorted.emplace_back("host", request.host);
    std::ranges::sort(sorted);
    const std::string path = uri_encode(request.path, Slash::kept);
    const std::string query = canonical_query(request.query);
    const std::string canonical = canonical_request(request, path, query, sorted);

    const std::string scope = day + "/" + region_ + "/s3/aws4_request";
    const std::string to_sign =
        fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, to_hex(crypto::sha256(canonical)));
    out.headers.emplace_back("authorization",
                             fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                         algorithm, credentials_.access_key, scope,
                                         signed_names(sorted),
                                         to_hex(crypto::hmac_sha256(key_of(day), to_sign))));
    out.target = query.empty() ? path : path + "?" + query;
    return out;
}

}  // namespace exchange::objects
