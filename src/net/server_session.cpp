#include "net/server_session.hpp"

#include "net/server_format.hpp"

#include <algorithm>
#include <cassert>

namespace exchange::net {
namespace {

namespace asio = boost::asio;

// Copying a body this small behind its head is cheaper than a second system call.
constexpr std::size_t joined_body_max = 64 * 1024;
// An unread body up to this size is read and dropped, which saves the client a new connection.
constexpr std::size_t skipped_body_max = 64 * 1024;

bool begins_a_method(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

asio::awaitable<void> Session::run()
{
    for (;;) {
        std::optional<Input> head = take_head();
        if (!head) head = co_await read_head();
        if (*head == Input::ended) co_return;
        if (*head != Input::complete) {
            head_.clear();
            const Response response = problem_of_head(*head);
            co_return co_await answer_and_close(response);
        }
        if (!co_await serve()) co_return;
        finish_request();
    }
}

std::optional<Session::Input> Session::take_head()
{
    // RFC 9112 section 2.2: empty lines before a request are to be ignored.
    while (input_.view().starts_with("\r\n")) {
        input_.consume(2);
        searched_ = 0;
    }
    const std::string_view bytes = input_.view();
    if (bytes.empty() || bytes == "\r") return std::nullopt;
    // A TLS greeting has no line end to wait for.
    if (!begins_a_method(bytes.front())) return Input::malformed;
    const std::size_t end = bytes.find("\r\n\r\n", searched_ - std::min<std::size_t>(searched_, 3));
    searched_ = bytes.size();
    const std::size_t most = core_.limits.header_bytes_max;
    if (end == std::string_view::npos)
        return bytes.size() < most ? std::nullopt : std::optional{Input::too_large};
    if (end + 4 > most) return Input::too_large;
    searched_ = 0;
    request_bytes_ = end + 4;
    return head_.parse(bytes.substr(0, request_bytes_)) ? Input::complete : Input::malformed;
}

asio::awaitable<Session::Input> Session::read_head()
{
    using Waiting = Connection::Waiting;
    const ServerLimits& limits = core_.limits;
    bool begun = input_.size() > 0;
    const Duration patience = served_ && !begun ? limits.idle_timeout : limits.header_timeout;
    TimePoint deadline = SteadyClock::now() + patience;
    for (;;) {
        Waiting waiting = served_ ? Waiting::for_next_request : Waiting::for_first_request;
        if (begun) waiting = Waiting::no;
        const std::span<char> space = input_.space();
        const Connection::Read read = co_await connection_.read_some(space, deadline, waiting);
        if (read.bytes == 0) co_return read.timed_out&& begun ? Input::timed_out : Input::ended;
        input_.commit(read.bytes);
        if (const std::optional<Input> head = take_head()) co_return *head;
        if (!begun) deadline = SteadyClock::now() + limits.header_timeout;
        begun = true;
    }
}

asio::awaitable<bool> Session::serve()
{
    const Route* route = core_.router.find(head_.method(), head_.path());
    const std::optional<Response> refused = refusal(route);
    if (refused) co_return co_await answer_unread(*refused);

    BodyShare share{core_};
    if (!share.grow_to(first_share(*route))) {
        const Response full = problem_of_body(Input::no_room);
        co_return co_await answer_unread(full);
    }
    std::string body;
    if (!take_buffered_body(body)) {
        const Input read = co_await read_body(*route, share, body);
        if (read == Input::ended) co_return false;
        if (read != Input::complete) {
            // Others need not wait until this client has gone.
            std::string{}.swap(body);
            share.give_back();
            const Response response = problem_of_body(read);
            co_await answer_and_close(response);
            co_return false;
        }
    }
    Response response;
    try {
        response = co_await route->handle(head_, std::move(body));
    } catch (...) {
        response = problem(500, "internal", "The request failed inside the server.");
    }
    const bool keep = may_keep();
    // A client that asked to keep the connection may be sending already.
    const bool more_may_come =
        head_.keep_alive() || input_.size() > request_bytes_ || !overrun_.empty();
    const bool sent = co_await answer(response, keep);
    if (sent && !keep && more_may_come) co_await connection_.linger();
    co_return sent&& keep;
}

void Session::finish_request()
{
    served_ = true;
    input_.consume(request_bytes_);
    request_bytes_ = 0;
    head_.clear();
    if (overrun_.empty()) return;
    input_.put_back(overrun_);
    overrun_.clear();
}

std::optional<Response> Session::refusal(const Route* route) const
{
    if (!route) return refusal_of_path();
    const std::string_view expected = head_.header("Expect");
    if (!expected.empty() && !equals_ignoring_case(expected, "100-continue"))
        return problem(417, "expectation_failed", "Only 100-continue can be expected.");
    if (route->precheck) {
        try {
            if (std::optional<Response> response = route->precheck(head_)) return response;
        } catch (...) {
            return problem(500, "internal", "The request failed inside the server.");
        }
    }
    return refusal_of_body(*route);
}

std::optional<Response> Session::refusal_of_path() const
{
    std::string allowed = core_.router.allowed(head_.path());
    if (allowed.empty()) return problem(404, "not_found", "There is nothing at this path.");
    Response response =
        problem(405, "method_not_allowed", "This path has no such method; see Allow.");
    response.headers.emplace_back("Allow", std::move(allowed));
    return response;
}

std::optional<Response> Session::refusal_of_body(const Route& route) const
{
    if (!route.content_type.empty() &&
        !equals_ignoring_case(media_type(head_.header("Content-Type")), route.content_type))
        return problem(415, "unsupported_media_type", "Content-Type must be " + route.content_type);
    const bool too_large =
        head_.chunked() ? route.body_bytes_max == 0 : head_.content_length() > route.body_bytes_max;
    if (too_large) return problem_of_body(Input::too_large);
    return std::nullopt;
}

asio::awaitable<bool> Session::answer(const Response& response, bool keep)
{
    const Afterwards kept = head_.http_1_0() ? Afterwards::keep_alive_1_0 : Afterwards::keep_alive;
    out_.clear();
    format_head(out_, response, keep ? kept : Afterwards::close);
    const bool bare = head_.method() == "HEAD" || response.status == 204 || response.status == 304;
    std::string_view body = bare ? std::string_view{} : std::string_view{response.body};
    if (body.size() <= joined_body_max) {
        out_ += body;
        body = {};
    }
    std::string_view out = out_;
    if (!connection_.write_now(out) && !co_await connection_.write(out)) co_return false;
    if (body.empty()) co_return true;
    co_return connection_.write_now(body) || co_await connection_.write(body);
}

asio::awaitable<bool> Session::answer_unread(const Response& response)
{
    // A client that was not told to go on may send the body or may not: nobody can tell what the
    // next bytes are.
    const bool undecided = !body_is_buffered() && !head_.header("Expect").empty();
    const bool skippable = !head_.chunked() && head_.content_length() <= skipped_body_max;
    if (!may_keep() || undecided || !skippable) {
        co_await answer_and_close(response);
        co_return false;
    }
    co_return co_await answer(response, true) && co_await skip_body();
}

asio::awaitable<void> Session::answer_and_close(const Response& response)
{
    if (co_await answer(response, false)) co_await connection_.linger();
}

Response Session::problem(unsigned status, std::string_view code, std::string_view text) const
{
    const bool has_head = !head_.method().empty();
    return render(core_, status, code, text, has_head ? &head_ : nullptr);
}

Response Session::problem_of_head(Input input) const
{
    if (input == Input::too_large)
        return problem(431, "header_too_large", "The request's header is too large.");
    if (input == Input::timed_out)
        return problem(408, "request_timeout", "The request's header did not come in time.");
    return problem(400, "bad_request", "This is not a well-formed HTTP/1.1 request.");
}

Response Session::problem_of_body(Input input) const
{
    if (input == Input::too_large)
        return problem(413, "body_too_large", "The body is larger than this path takes.");
    if (input == Input::timed_out)
        return problem(408, "request_timeout", "The body did not come in time.");
    if (input == Input::no_room)
        return problem(503, "overloaded", "Too much is being received; repeat.");
    return problem(400, "bad_request", "The body's chunked coding is malformed.");
}

Response render(const ServerCore& core, unsigned status, std::string_view code,
                std::string_view text, const RequestHead* head)
{
    Response response;
    try {
        response = core.render_error(status, code, text, head);
    } catch (...) {
        response = Response{status, "text/plain", {}, std::string{text} + "\n"};
    }
    const auto says_when = [](const auto& field) {
        return equals_ignoring_case(field.first, "Retry-After");
    };
    if (status == 503 && std::ranges::none_of(response.headers, says_when))
        response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace exchange::net
