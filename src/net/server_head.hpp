#pragma once

#include "net/http.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exchange::net {

// A request's head as views into the bytes it was parsed from, which must stay where they are for
// as long as it is used. Reused from request to request, so that reading one allocates nothing.
class Head final : public RequestHead {
public:
    explicit Head(bool peer_is_loopback) : peer_is_loopback_{peer_is_loopback} {}

    // False when the bytes are not a well-formed request head whose end of body is beyond doubt.
    // `bytes`: up to and with the empty line.
    bool parse(std::string_view bytes);
    // To be called when the bytes go and no others follow.
    void clear();

    std::string_view method() const override { return method_; }
    std::string_view path() const override { return path_; }
    std::string_view query() const override { return query_; }
    std::string_view header(std::string_view name) const override;
    std::size_t header_count(std::string_view name) const override;
    bool peer_is_loopback() const override { return peer_is_loopback_; }

    bool keep_alive() const { return keep_alive_; }
    bool http_1_0() const { return http_1_0_; }
    bool chunked() const { return chunked_; }
    // 0 when there is no body or when it is chunked.
    std::uint64_t content_length() const { return content_length_; }

private:
    class Parser;
    struct Field {
        std::string_view name;
        std::string_view value;
    };

    void split_target(std::string_view target);
    bool framing_is_clear() const;

    std::string_view method_;
    std::string_view path_;
    std::string_view query_;
    std::vector<Field> fields_;
    // Values that were folded over several lines and so have no single place in the bytes.
    std::deque<std::string> unfolded_;
    std::uint64_t content_length_ = 0;
    bool keep_alive_ = false;
    bool http_1_0_ = false;
    bool chunked_ = false;
    const bool peer_is_loopback_;
};

// Media type without parameters and white space around it.
std::string_view media_type(std::string_view content_type);

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace exchange::net
