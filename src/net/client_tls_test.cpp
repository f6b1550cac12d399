#include "net/client.hpp"

#include "support/run_coroutine.hpp"
#include "support/scripted_server.hpp"
#include "support/self_signed.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace exchange::net {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::run_coroutine;
using testing::ScriptedRequest;
using testing::ScriptedServer;
namespace asio = boost::asio;

// OpenSSL takes the system's roots from this variable when it is set.
class TrustedRoot {
public:
    explicit TrustedRoot(const std::string& certificate_pem)
        : path_{std::filesystem::temp_directory_path() /
                ("exchange-root-" + std::to_string(::getpid()) + ".pem")}
    {
        std::ofstream{path_} << certificate_pem;
        ::setenv("SSL_CERT_FILE", path_.c_str(), 1);
    }
    ~TrustedRoot()
    {
        ::unsetenv("SSL_CERT_FILE");
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    TrustedRoot(const TrustedRoot&) = delete;
    TrustedRoot& operator=(const TrustedRoot&) = delete;

private:
    std::filesystem::path path_;
};

struct TlsServer {
    explicit TlsServer(const std::string& alternative_name)
        : identity{testing::make_self_signed(alternative_name)}
    {
        context.use_certificate(asio::buffer(identity.certificate_pem), asio::ssl::context::pem);
        context.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    }

    std::string origin(const std::string& host) const
    {
        return "https://" + host + ":" + std::to_string(server.port());
    }

    testing::SelfSigned identity;
    asio::ssl::context context{asio::ssl::context::tls_server};
    ScriptedServer server{
        [](const ScriptedRequest& request) { return answer(200, std::to_string(request.number)); },
        &context};
};

std::string ask(Client& client, asio::io_context& io)
{
    ClientRequest request;
    request.method = "GET";
    request.target = "/";
    try {
        return run_coroutine(io, client.send(request, SteadyClock::now() + 10s)).body;
    } catch (const ClientError& error) {
        return error.what();
    }
}

std::string ask(const std::string& origin)
{
    asio::io_context io;
    const std::unique_ptr<Client> client = make_client(io.get_executor(), origin, 1);
    return ask(*client, io);
}

TEST(ClientTls, refuses_a_certificate_that_only_vouches_for_itself)
{
    const TlsServer tls{"IP:127.0.0.1"};
    EXPECT_THAT(ask(tls.origin("127.0.0.1")), ::testing::HasSubstr("certificate verify failed"));
    EXPECT_TRUE(tls.server.requests().empty());
}

TEST(ClientTls, talks_to_a_server_whose_certificate_and_address_are_proven)
{
    const TlsServer tls{"IP:127.0.0.1"};
    const TrustedRoot root{tls.identity.certificate_pem};
    asio::io_context io;
    const auto client = make_client(io.get_executor(), tls.origin("127.0.0.1"), 1);
    EXPECT_EQ(ask(*client, io), "0");
    EXPECT_EQ(ask(*client, io), "1");
    EXPECT_EQ(tls.server.connections(), 1u);
}

TEST(ClientTls, checks_the_name_it_connected_to)
{
    const TlsServer by_name{"DNS:localhost"};
    const TrustedRoot root{by_name.identity.certificate_pem};
    EXPECT_EQ(ask(by_name.origin("localhost")), "0");
    EXPECT_THAT(ask(by_name.origin("127.0.0.1")), ::testing::HasSubstr("verify failed"));
}

}  // namespace
}  // namespace exchange::net
