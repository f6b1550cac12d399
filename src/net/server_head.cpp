#include "net/server_head.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <functional>
#include <limits>

namespace exchange::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string_view plain(beast::string_view text)
{
    return {text.data(), text.size()};
}

bool inside(std::string_view part, std::string_view whole)
{
    const std::less_equal<const char*> not_after;
    return not_after(whole.data(), part.data()) &&
           not_after(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

// Beast's parser decides what is well-formed; the views it hands out are kept instead of copied.
class Head::Parser final : public http::basic_parser<true> {
public:
    Parser(Head& head, std::string_view bytes) : head_{head}, bytes_{bytes} {}

private:
    using error_code = beast::error_code;
    using string_view = beast::string_view;

    void on_request_impl(http::verb, string_view method, string_view target, int version,
                         error_code&) override
    {
        head_.method_ = plain(method);
        head_.split_target(plain(target));
        head_.http_1_0_ = version < 11;
    }

    void on_field_impl(http::field, string_view name, string_view value, error_code&) override
    {
        std::string_view kept = plain(value);
        if (!inside(kept, bytes_)) kept = head_.unfolded_.emplace_back(kept);
        head_.fields_.push_back({plain(name), kept});
    }

    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}

    Head& head_;
    const std::string_view bytes_;
};

bool Head::parse(std::string_view bytes)
{
    clear();
    Parser parser{*this, bytes};
    // The caller bounds the head, the session bounds the body.
    parser.header_limit(std::numeric_limits<std::uint32_t>::max());
    parser.body_limit(boost::none);
    beast::error_code error;
    const std::size_t used = parser.put({bytes.data(), bytes.size()}, error);
    if (error || used != bytes.size() || !parser.is_header_done()) return false;
    keep_alive_ = parser.keep_alive();
    chunked_ = parser.chunked();
    content_length_ = parser.content_length().value_or(0);
    return framing_is_clear();
}

void Head::clear()
{
    fields_.clear();
    unfolded_.clear();
    method_ = path_ = query_ = {};
}

void Head::split_target(std::string_view target)
{
    // RFC 9112 section 3.2.2: a server accepts the absolute form too.
    if (const std::size_t scheme = target.find("://");
        scheme != std::string_view::npos && !target.starts_with('/')) {
        const std::size_t slash = target.find('/', scheme + 3);
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    const std::size_t mark = target.find('?');
    path_ = target.substr(0, mark);
    query_ = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

// Beast refuses Content-Length together with chunked. What is left: codings that this server would
// not decode but a proxy before it may, which would make the two see different requests.
bool Head::framing_is_clear() const
{
    if (!http_1_0_ && header_count("Host") != 1) return false;
    const std::size_t codings = header_count("Transfer-Encoding");
    if (codings == 0) return true;
    return codings == 1 && !http_1_0_ && chunked_ && header_count("Content-Length") == 0 &&
           equals_ignoring_case(header("Transfer-Encoding"), "chunked");
}

std::string_view Head::header(std::string_view name) const
{
    for (const Field& field : fields_)
        if (equals_ignoring_case(field.name, name)) return field.value;
    return {};
}

std::size_t Head::header_count(std::string_view name) const
{
    std::size_t count = 0;
    for (const Field& field : fields_) count += equals_ignoring_case(field.name, name);
    return count;
}

std::string_view media_type(std::string_view content_type)
{
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    return type;
}

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace exchange::net
