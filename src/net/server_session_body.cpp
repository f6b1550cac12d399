// The parts of a session that read a request's body.
#include "net/server_session.hpp"

#include <algorithm>
#include <vector>

namespace exchange::net {
namespace {

namespace asio = boost::asio;

// Memory is touched as bytes arrive, not as they are promised.
constexpr std::size_t body_step = 256 * 1024;
constexpr std::size_t chunked_read_size = 16 * 1024;
// How large a chunked body becomes is known at its end only: its share grows by so much.
constexpr std::size_t chunked_share_step = 64 * 1024;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

std::size_t share_of_chunked(std::size_t bytes, const Route& route)
{
    const std::size_t steps = (bytes + chunked_share_step - 1) / chunked_share_step;
    return std::min(steps * chunked_share_step, route.body_bytes_max);
}

}  // namespace

std::size_t Session::first_share(const Route& route) const
{
    return head_.chunked() ? share_of_chunked(1, route) : head_.content_length();
}

bool Session::body_is_buffered() const
{
    return !head_.chunked() && head_.content_length() <= input_.size() - request_bytes_;
}

bool Session::take_buffered_body(std::string& body)
{
    if (!body_is_buffered()) return false;
    const std::size_t size = head_.content_length();
    body.assign(input_.view().substr(request_bytes_, size));
    request_bytes_ += size;
    return true;
}

asio::awaitable<Session::Input> Session::read_body(const Route& route, BodyShare& share,
                                                   std::string& body)
{
    // RFC 9110 section 10.1.1: not for HTTP/1.0, and needless once the body has begun.
    const bool waits =
        !head_.http_1_0() && !head_.header("Expect").empty() && input_.size() == request_bytes_;
    if (waits && !co_await connection_.write(go_on)) co_return Input::ended;
    if (head_.chunked()) co_return co_await read_chunked(route, share, body);
    co_return co_await read_sized(body);
}

asio::awaitable<Session::Input> Session::read_sized(std::string& body)
{
    const std::size_t size = head_.content_length();
    body.reserve(size);
    body.assign(input_.view().substr(request_bytes_));
    request_bytes_ = input_.size();
    const TimePoint start = SteadyClock::now();
    for (std::size_t have = body.size(); have < size;) {
        if (have == body.size()) body.resize(have + std::min(size - have, body_step));
        const std::span<char> space{body.data() + have, body.size() - have};
        const Connection::Read read =
            co_await connection_.read_some(space, body_deadline(start, have));
        if (read.bytes == 0) co_return read.timed_out ? Input::timed_out : Input::ended;
        have += read.bytes;
    }
    co_return Input::complete;
}

asio::awaitable<Session::Input> Session::read_chunked(const Route& route, BodyShare& share,
                                                      std::string& body)
{
    using Status = ChunkedDecoder::Status;
    ChunkedDecoder decoder{route.body_bytes_max};
    std::string_view rest = input_.view().substr(request_bytes_);
    request_bytes_ = input_.size();
    std::size_t received = rest.size();
    std::vector<char> piece;
    const TimePoint start = SteadyClock::now();
    Status status = Status::more;
    for (;;) {
        status = decoder.feed(rest, body);
        if (!share.grow_to(share_of_chunked(body.size(), route))) co_return Input::no_room;
        if (status != Status::more) break;
        piece.resize(chunked_read_size);
        const Connection::Read read =
            co_await connection_.read_some(piece, body_deadline(start, received));
        if (read.bytes == 0) co_return read.timed_out ? Input::timed_out : Input::ended;
        received += read.bytes;
        rest = {piece.data(), read.bytes};
    }
    overrun_.assign(rest);
    if (status == Status::done) co_return Input::complete;
    co_return status == Status::too_large ? Input::too_large : Input::malformed;
}

asio::awaitable<bool> Session::skip_body()
{
    std::size_t left = head_.content_length();
    const std::size_t early = std::min(left, input_.size() - request_bytes_);
    request_bytes_ += early;
    left -= early;
    if (left == 0) co_return true;
    const std::size_t size = left;
    input_.consume(request_bytes_);
    request_bytes_ = 0;
    head_.clear();
    const TimePoint start = SteadyClock::now();
    while (left > 0) {
        const std::span<char> space = input_.space();
        const std::span<char> dropped = space.first(std::min(left, space.size()));
        const Connection::Read read =
            co_await connection_.read_some(dropped, body_deadline(start, size - left));
        if (read.bytes == 0) co_return false;
        left -= read.bytes;
    }
    co_return true;
}

TimePoint Session::body_deadline(TimePoint start, std::size_t received) const
{
    const ServerLimits& limits = core_.limits;
    return transfer_deadline(start, limits.body_timeout, received, limits.slowest_bytes_per_s);
}

}  // namespace exchange::net
