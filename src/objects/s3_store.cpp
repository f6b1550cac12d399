#include "objects/s3_store.hpp"

#include "crypto/digest.hpp"
#include "objects/object_key.hpp"
#include "objects/probe.hpp"
#include "objects/s3_errors.hpp"
#include "objects/s3_list.hpp"

#include <charconv>

namespace exchange::objects {
namespace {

namespace asio = boost::asio;

constexpr std::size_t list_max = 1000;
constexpr std::size_t list_bytes_max = 16 * 1024 * 1024;
// No bundle comes near it; a larger range is damage in what recorded it.
constexpr std::uint64_t range_bytes_max = std::uint64_t{1} << 30;
constexpr std::uint64_t offset_max = std::uint64_t{1} << 50;

class S3Store final : public RawStore {
public:
    S3Store(asio::any_io_executor executor, const StoreConfig& config, UnixClock clock)
        : bucket_{std::move(executor), config, std::move(clock)}
    {
    }

    asio::awaitable<void> put(std::string key, std::string_view body, Sha256 sha256,
                              TimePoint deadline) override
    {
        S3Question question = about(std::move(key), "PUT");
        // The signed hash covers the way; the checksum makes the server check what it stores, also
        // those servers that do not compare the signed hash.
        question.headers = {{"content-type", "application/octet-stream"},
                            {"x-amz-checksum-sha256", crypto::base64_encode(sha256)}};
        question.body = body;
        question.body_sha256 = sha256;
        const net::ClientResponse response = co_await bucket_.ask(std::move(question), deadline);
        if (response.status != 200) fail(response, "PUT");
    }

    asio::awaitable<std::string> get(std::string key, std::uint64_t offset, std::uint64_t length,
                                     TimePoint deadline) override
    {
        if (length > range_bytes_max || offset > offset_max) fail_short("such a range");
        if (length == 0) {
            co_await check_holds(std::move(key), offset, deadline);
            co_return std::string{};
        }
        S3Question question = about(std::move(key), "GET");
        question.headers = {{"range", byte_range(offset, length)}};
        question.response_bytes_max += length;
        net::ClientResponse response = co_await bucket_.ask(std::move(question), deadline);
        // 200 is the whole object.
        const bool fits = response.status == 206 || (response.status == 200 && offset == 0);
        if (response.status != 206 && response.status != 200) fail(response, "GET");
        if (!fits || response.body.size() != length) fail_short("the range asked for");
        co_return std::move(response.body);
    }

    asio::awaitable<std::optional<ObjectInfo>> head(std::string key, TimePoint deadline) override
    {
        const net::ClientResponse response = co_await bucket_.ask(about(key, "HEAD"), deadline);
        if (response.status == 404) {
            co_await check_bucket(key, deadline);
            co_return std::nullopt;
        }
        if (response.status != 200) fail(response, "HEAD");
        co_return info_of(std::move(key), response);
    }

    asio::awaitable<std::vector<ObjectInfo>> list(std::string prefix, std::string after,
                                                  TimePoint deadline) override
    {
        const std::string& base = bucket_.place().key_prefix;
        std::vector<ObjectInfo> found;
        std::string start_after = after.empty() ? std::string{} : base + after;
        for (bool more = true; more && found.size() < list_max;) {
            ListPage page =
                co_await list_page(base + prefix, start_after, list_max - found.size(), deadline);
            // A server may end a page early; one that says "more" but gives none would loop here.
            more = page.truncated && !page.objects.empty();
            if (!page.objects.empty()) start_after = page.objects.back().key;
            for (ObjectInfo& object : page.objects) {
                object.key.erase(0, base.size());
                found.push_back(std::move(object));
            }
        }
        co_return found;
    }

    asio::awaitable<void> remove(std::string key, TimePoint deadline) override
    {
        const net::ClientResponse response =
            co_await bucket_.ask(about(std::move(key), "DELETE"), deadline);
        if (response.status == 204 || response.status == 200) co_return;
        const StoreError error = error_of(response, bucket_.described(), "DELETE");
        if (error.fault() != StoreFault::object_missing) throw error;
    }

    asio::awaitable<void> probe(TimePoint deadline) override
    {
        co_await probe_store(*this, deadline);
    }

    std::string bucket() const override { return bucket_.place().bucket; }
    std::string key_prefix() const override { return bucket_.place().key_prefix; }

private:
    S3Question about(std::string key, std::string method) const
    {
        if (!is_object_key(key))
            throw StoreError{StoreFault::denied, bucket_.described() +
                                                     ": not a key for an object. Hint: whoever "
                                                     "made the key must be corrected."};
        S3Question question;
        question.method = std::move(method);
        question.key = bucket_.place().key_prefix + key;
        question.body_sha256 = empty_sha256_;
        return question;
    }

    static std::string byte_range(std::uint64_t offset, std::uint64_t length)
    {
        return "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1);
    }

    asio::awaitable<ListPage> list_page(std::string prefix, std::string start_after,
                                        std::size_t at_most, TimePoint deadline)
    {
        S3Question question;
        question.method = "GET";
        question.query = {
            {"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", std::to_string(at_most)}};
        if (!prefix.empty()) question.query.emplace_back("prefix", prefix);
        if (!start_after.empty()) question.query.emplace_back("start-after", start_after);
        question.body_sha256 = empty_sha256_;
        question.response_bytes_max = list_bytes_max;
        const net::ClientResponse response = co_await bucket_.ask(std::move(question), deadline);
        if (response.status != 200) fail(response, "LIST");
        std::optional<ListPage> page = parse_list_page(response.body);
        if (!page) fail_unreadable("LIST");
        for (const ObjectInfo& object : page->objects)
            if (!object.key.starts_with(prefix)) fail_unreadable("LIST");
        co_return std::move(*page);
    }

    // A HEAD has no body to say whether the object or the whole bucket is missing; this throws if
    // it is the bucket.
    asio::awaitable<void> check_bucket(std::string key, TimePoint deadline)
    {
        S3Question question = about(std::move(key), "GET");
        question.headers = {{"range", byte_range(0, 1)}};
        const net::ClientResponse response = co_await bucket_.ask(std::move(question), deadline);
        if (response.status != 404) co_return;
        const StoreError error = error_of(response, bucket_.described(), "GET");
        if (error.fault() != StoreFault::object_missing) throw error;
    }

    asio::awaitable<void> check_holds(std::string key, std::uint64_t offset, TimePoint deadline)
    {
        const std::optional<ObjectInfo> info = co_await head(std::move(key), deadline);
        if (!info)
            throw StoreError{StoreFault::object_missing,
                             bucket_.described() + ": no such object. Hint: it was removed or "
                                                   "never written."};
        if (info->size < offset) fail_short("the range asked for");
    }

    ObjectInfo info_of(std::string key, const net::ClientResponse& response) const
    {
        ObjectInfo info;
        info.key = std::move(key);
        const std::string_view size = response.header("content-length");
        const char* end = size.data() + size.size();
        const auto [stop, error] = std::from_chars(size.data(), end, info.size);
        const auto modified = parse_http_time_ms(response.header("last-modified"));
        if (error != std::errc{} || stop != end || !modified) fail_unreadable("HEAD");
        info.modified_unix_ms = *modified;
        return info;
    }

    [[noreturn]] void fail(const net::ClientResponse& response, std::string_view doing) const
    {
        throw error_of(response, bucket_.described(), doing);
    }

    [[noreturn]] void fail_short(std::string_view wanted) const
    {
        throw StoreError{StoreFault::corrupted,
                         bucket_.described() + ": the object does not hold " + std::string{wanted} +
                             ". Hint: it was replaced or cut off; compare it "
                             "with what the ledger says."};
    }

    [[noreturn]] void fail_unreadable(std::string_view doing) const
    {
        throw StoreError{StoreFault::unavailable, bucket_.described() + ": the answer to " +
                                                      std::string{doing} +
                                                      " is not one of an S3 server. Hint: check "
                                                      "S3_ENDPOINT."};
    }

    S3Bucket bucket_;
    Sha256 empty_sha256_ = empty_sha256();
};

}  // namespace

std::unique_ptr<RawStore> make_s3_store(asio::any_io_executor executor, const StoreConfig& config,
                                        UnixClock clock)
{
    return std::make_unique<S3Store>(std::move(executor), config, std::move(clock));
}

}  // namespace exchange::objects
