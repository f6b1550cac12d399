// Connections that come, are served once and idle until they are timed out leave nothing behind: no
// connection, no file descriptor, no memory. What is lost for good, AddressSanitizer tells as well.
#include "net/server_fixture.hpp"

#include <filesystem>

#include <malloc.h>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

namespace exchange::net {
namespace {

using namespace std::chrono_literals;

// Both ends of a connection are files of this process, of which many systems allow 1,024.
constexpr int at_once = 200;

// The server closes first and so keeps each pair of addresses and ports for a minute. From this
// many addresses none comes again before 100,000 connections are through.
constexpr int sources = 16;

// With AddressSanitizer, which takes a quarter of a minute, as many as the exchange is held to.
#if __has_feature(address_sanitizer)
constexpr int connections = 100'000;
#else
constexpr int connections = 10'000;
#endif

std::size_t open_files()
{
    const std::filesystem::directory_iterator files{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::size_t heap_bytes()
{
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}

class ServerIdleTest : public ServerTest {
protected:
    // All are connected before the first one asks, and asked before the first one is awaited.
    void round()
    {
        const std::uint32_t source = INADDR_LOOPBACK + 1 + rounds_++ % sources;
        std::vector<RawClient> clients;
        for (int i = 0; i < at_once; ++i) clients.emplace_back(server().port(), source);
        for (RawClient& client : clients) ASSERT_TRUE(client.connected());
        for (RawClient& client : clients) ASSERT_TRUE(client.send(get("/echo")));
        for (RawClient& client : clients) ASSERT_EQ(status_of(client.response()), 200u);
        for (RawClient& client : clients) ASSERT_TRUE(client.ended());
    }

    bool nobody_is_left()
    {
        return eventually([&] { return server().connections() == 0; });
    }

private:
    std::uint32_t rounds_ = 0;
};

TEST_F(ServerIdleTest, leaves_nothing_behind_of_many_thousand_connections)
{
    ServerLimits limits;
    limits.idle_timeout = 5ms;
    start(limits);
    // What is made once and kept, as asio's own memory, is there after the first round.
    ASSERT_NO_FATAL_FAILURE(round());
    ASSERT_TRUE(nobody_is_left());
    const std::size_t files = open_files();
    const std::size_t bytes = heap_bytes();
    for (int served = 0; served < connections; served += at_once) ASSERT_NO_FATAL_FAILURE(round());
    EXPECT_TRUE(nobody_is_left());
    EXPECT_TRUE(eventually([&] { return open_files() == files; }));
    // Less than the smallest thing that could be lost of each.
    EXPECT_LT(heap_bytes(), bytes + std::size_t{connections} * 16);
}

}  // namespace
}  // namespace exchange::net
