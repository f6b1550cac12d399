#include "net/client.hpp"

#include "net/client_pool.hpp"

#include <algorithm>

namespace exchange::net {
namespace {

namespace asio = boost::asio;

bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool is_visible(char c)
{
    return c > ' ' && c < '\x7f';
}

bool is_field_value_character(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

// What would break out of its line is a fault of the caller, never to be sent.
void check(const ClientRequest& request)
{
    bool good = is_token(request.method) && request.target.starts_with('/') &&
                std::ranges::all_of(request.target, is_visible);
    for (const auto& [name, value] : request.headers)
        good = good && is_token(name) && std::ranges::all_of(value, is_field_value_character);
    if (!good) throw std::invalid_argument{"not a request that can be sent"};
}

std::string render_head(const Origin& origin, const ClientRequest& request)
{
    std::string head;
    head.reserve(1024);
    head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
    head.append(origin.authority).append("\r\n");
    for (const auto& [name, value] : request.headers)
        head.append(name).append(": ").append(value).append("\r\n");
    const bool says_length =
        request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
    if (says_length || !request.body.empty())
        head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    return head.append("\r\n");
}

class PooledClient final : public Client {
public:
    explicit PooledClient(std::shared_ptr<ClientPool> pool) : pool_{std::move(pool)} {}

    asio::awaitable<ClientResponse> send(ClientRequest request, TimePoint deadline) override
    {
        // The client may be destroyed while a request waits; the pool stays.
        const std::shared_ptr<ClientPool> pool = pool_;
        check(request);
        const std::string head = render_head(pool->origin(), request);
        ClientLease lease = co_await pool->acquire(deadline);
        if (ClientConnection* kept = lease.connection()) {
            std::optional<ClientResponse> response = co_await kept->ask(head, request, deadline);
            if (response) co_return std::move(*response);
            if (!request.repeatable) throw_unanswered(*pool);
        }
        ClientConnection& fresh = lease.renew();
        co_await fresh.open(deadline);
        std::optional<ClientResponse> response = co_await fresh.ask(head, request, deadline);
        if (!response) throw_unanswered(*pool);
        co_return std::move(*response);
    }

private:
    [[noreturn]] static void throw_unanswered(const ClientPool& pool)
    {
        throw ClientError{pool.origin().text() + ": the connection was closed without an answer"};
    }

    std::shared_ptr<ClientPool> pool_;
};

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const
{
    for (const auto& [key, value] : headers)
        if (key == name) return value;
    return {};
}

std::unique_ptr<Client> make_client(asio::any_io_executor executor, const std::string& origin,
                                    std::size_t connections_max)
{
    return std::make_unique<PooledClient>(
        std::make_shared<ClientPool>(std::move(executor), parse_origin(origin), connections_max));
}

}  // namespace exchange::net
