#include "objects/open_store.hpp"

#include "crypto/digest.hpp"
#include "objects/file_errors.hpp"
#include "objects/file_store.hpp"
#include "objects/s3_errors.hpp"
#include "objects/s3_store.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <filesystem>

namespace exchange::objects {
namespace {

namespace asio = boost::asio;

void make_directory(const std::string& path)
{
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) throw_file_error(error.value(), path, "creating the directory");
}

asio::awaitable<net::ClientResponse> ask(S3Bucket& bucket, std::string method,
                                         std::string_view body, TimePoint deadline)
{
    S3Question question;
    question.method = std::move(method);
    question.body = body;
    question.body_sha256 = crypto::sha256(body);
    co_return co_await bucket.ask(std::move(question), deadline);
}

}  // namespace

std::unique_ptr<RawStore> open_store(asio::any_io_executor executor, const StoreConfig& config)
{
    if (config.url.starts_with("s3://"))
        return make_s3_store(std::move(executor), config, system_unix_clock());
    return make_file_store(directory_of(config.url));
}

asio::awaitable<void> make_bucket(StoreConfig config, TimePoint deadline)
{
    if (!config.url.starts_with("s3://")) {
        make_directory(directory_of(config.url));
        co_return;
    }
    S3Bucket bucket{co_await asio::this_coro::executor, config, system_unix_clock()};
    // AWS wants to be told a region but for its first; other servers have one only.
    const bool elsewhere = config.endpoint.empty() && config.region != "us-east-1";
    const std::string body =
        elsewhere ? "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                    "<LocationConstraint>" +
                        config.region + "</LocationConstraint></CreateBucketConfiguration>"
                  : std::string{};
    const net::ClientResponse made = co_await ask(bucket, "PUT", body, deadline);
    if (made.status == 200) co_return;
    const std::string code = parse_error_code(made.body);
    if (code == "BucketAlreadyOwnedByYou") co_return;
    if (code == "BucketAlreadyExists") {
        const net::ClientResponse seen = co_await ask(bucket, "HEAD", {}, deadline);
        if (seen.status == 200) co_return;
    }
    throw error_of(made, bucket.described(), "creating it");
}

}  // namespace exchange::objects
