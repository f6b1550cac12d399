#include "objects/s3_bucket.hpp"

#include "base/hex.hpp"
#include "crypto/digest.hpp"
#include "net/origin.hpp"
#include "objects/object_key.hpp"

#include <algorithm>
#include <chrono>

namespace exchange::objects {
namespace {

namespace asio = boost::asio;

constexpr std::string_view scheme = "s3://";

[[noreturn]] void refuse(std::string_view setting, std::string_view why)
{
    throw std::invalid_argument{std::string{setting} + " " + std::string{why}};
}

bool is_bucket_name(std::string_view name)
{
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, allowed) &&
           !name.starts_with('.');
}

// Goes into a header as it is. Says nothing of the value: it may be a secret.
void check_visible(std::string_view setting, std::string_view value)
{
    const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (!std::ranges::all_of(value, visible)) refuse(setting, "contains blanks or the like");
}

void check_given(std::string_view setting, std::string_view value)
{
    if (value.empty()) refuse(setting, "is not set, but RAW_STORE names an S3 bucket");
    check_visible(setting, value);
}

std::string checked_endpoint(const StoreConfig& config)
{
    try {
        return net::parse_origin(config.endpoint).text();
    } catch (const std::invalid_argument& error) {
        refuse("S3_ENDPOINT", error.what());
    }
}

Credentials checked_credentials(const StoreConfig& config)
{
    check_given("AWS_ACCESS_KEY_ID", config.access_key);
    check_given("AWS_SECRET_ACCESS_KEY", config.secret_key);
    check_visible("AWS_SESSION_TOKEN", config.session_token);
    return {config.access_key, config.secret_key, config.session_token};
}

}  // namespace

UnixClock system_unix_clock()
{
    return [] {
        using namespace std::chrono;
        return std::int64_t{duration_cast<seconds>(system_clock::now().time_since_epoch()).count()};
    };
}

Sha256 empty_sha256()
{
    return crypto::sha256({});
}

S3Place s3_place(const StoreConfig& config)
{
    std::string_view rest = config.url;
    if (!rest.starts_with(scheme)) refuse("RAW_STORE", "must be s3://bucket[/prefix]");
    rest.remove_prefix(scheme.size());
    while (rest.ends_with('/')) rest.remove_suffix(1);
    const std::size_t slash = rest.find('/');
    S3Place place;
    place.bucket = rest.substr(0, slash);
    if (!is_bucket_name(place.bucket)) refuse("RAW_STORE", "names no valid bucket");
    if (slash != rest.npos) place.key_prefix = std::string{rest.substr(slash + 1)} + "/";
    if (slash != rest.npos && !is_object_key(rest.substr(slash + 1)))
        refuse("RAW_STORE", "has a prefix that cannot be part of a key");

    check_given("AWS_REGION", config.region);
    const std::string aws = "s3." + config.region + ".amazonaws.com";
    // A certificate for *.s3.… covers one label only, so a bucket with dots goes into the path.
    const bool bucket_in_host = config.endpoint.empty() && place.bucket.find('.') == rest.npos;
    place.path = bucket_in_host ? "/" : "/" + place.bucket + "/";
    if (!config.endpoint.empty()) place.origin = checked_endpoint(config);
    else place.origin = "https://" + (bucket_in_host ? place.bucket + "." + aws : aws);
    return place;
}

S3Bucket::S3Bucket(asio::any_io_executor executor, const StoreConfig& config, UnixClock clock)
    : place_{s3_place(config)},
      signer_{checked_credentials(config), config.region},
      clock_{std::move(clock)},
      client_{net::make_client(std::move(executor), place_.origin, config.connections_max)}
{
}

asio::awaitable<net::ClientResponse> S3Bucket::ask(S3Question question, TimePoint deadline)
{
    UnsignedRequest unsigned_request;
    unsigned_request.method = question.method;
    unsigned_request.host = place_.origin.substr(place_.origin.find("://") + 3);
    unsigned_request.path = place_.path + question.key;
    unsigned_request.query = std::move(question.query);
    unsigned_request.headers = std::move(question.headers);
    unsigned_request.body_sha256 = to_hex(question.body_sha256);
    SignedRequest signed_request = signer_.sign(unsigned_request, clock_());

    net::ClientRequest request;
    request.method = std::move(question.method);
    request.target = std::move(signed_request.target);
    request.headers = std::move(signed_request.headers);
    request.body = question.body;
    request.response_bytes_max = question.response_bytes_max;
    const std::string described_here = described();
    try {
        co_return co_await client_->send(std::move(request), deadline);
    } catch (const net::ClientError& error) {
        throw StoreError{StoreFault::unavailable,
                         described_here + ": " + error.what() +
                             ". Hint: is the store running, and is S3_ENDPOINT right?"};
    }
}

std::string S3Bucket::described() const
{
    return "S3 bucket '" + place_.bucket + "' at " + place_.origin;
}

}  // namespace exchange::objects
