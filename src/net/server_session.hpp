#pragma once

#include "net/chunked_decoder.hpp"
#include "net/server_connection.hpp"
#include "net/server_head.hpp"
#include "net/server_input.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace exchange::net {

// The requests of one connection, one after the other.
class Session {
public:
    explicit Session(Connection& connection)
        : connection_{connection}, core_{connection.core()}, head_{connection.peer_is_loopback()}
    {
    }

    // Returns when the connection is to be closed.
    boost::asio::awaitable<void> run();

private:
    enum class Input { complete, ended, malformed, too_large, timed_out, no_room };

    // Nothing while the head is incomplete.
    std::optional<Input> take_head();
    boost::asio::awaitable<Input> read_head();
    // False when the connection is to be closed.
    boost::asio::awaitable<bool> serve();
    void finish_request();

    // What forbids reading the body, if anything does.
    std::optional<Response> refusal(const Route* route) const;
    std::optional<Response> refusal_of_path() const;
    std::optional<Response> refusal_of_body(const Route& route) const;

    bool take_buffered_body(std::string& body);
    // What is to be had of the budget before a body is read.
    std::size_t first_share(const Route& route) const;
    boost::asio::awaitable<Input> read_body(const Route& route, BodyShare& share,
                                            std::string& body);
    boost::asio::awaitable<Input> read_sized(std::string& body);
    boost::asio::awaitable<Input> read_chunked(const Route& route, BodyShare& share,
                                               std::string& body);
    boost::asio::awaitable<bool> skip_body();
    TimePoint body_deadline(TimePoint start, std::size_t received) const;
    bool body_is_buffered() const;

    boost::asio::awaitable<bool> answer(const Response& response, bool keep);
    boost::asio::awaitable<bool> answer_unread(const Response& response);
    boost::asio::awaitable<void> answer_and_close(const Response& response);
    Response problem(unsigned status, std::string_view code, std::string_view text) const;
    Response problem_of_head(Input input) const;
    Response problem_of_body(Input input) const;
    bool may_keep() const { return head_.keep_alive() && !core_.draining; }

    Connection& connection_;
    ServerCore& core_;
    Head head_;
    InputBuffer input_;
    // The head's bytes and, when complete in the input, the body's; used up together afterwards.
    std::size_t request_bytes_ = 0;
    // Searched for the end of the head already.
    std::size_t searched_ = 0;
    // Read past a chunked body: the start of the next request.
    std::string overrun_;
    std::string out_;
    bool served_ = false;
};

// The application's rendering, with what the status requires; a bare response should that throw.
Response render(const ServerCore& core, unsigned status, std::string_view code,
                std::string_view text, const RequestHead* head);

}  // namespace exchange::net
