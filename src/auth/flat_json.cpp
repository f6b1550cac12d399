#include "auth/flat_json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

namespace exchange::auth {
namespace {

namespace json = boost::json;

using Members = std::vector<std::pair<std::string, FlatValue>>;

// More than any token needs; keeps the search for repetitions short.
constexpr std::size_t members_max = 64;

class Handler {
public:
    using error_code = json::error_code;
    using string_view = json::string_view;
    static constexpr std::size_t max_object_size = members_max;
    static constexpr std::size_t max_array_size = 1024;
    static constexpr std::size_t max_key_size = 8192;
    static constexpr std::size_t max_string_size = 8192;

    Members take() { return std::move(members_); }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&)
    {
        if (depth_ > 0) other();
        ++depth_;
        return true;
    }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code& stop)
    {
        if (depth_ == 1) set(std::vector<std::string>{});
        else other();
        return proceed(depth_++ > 0, stop);
    }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(string_view part, std::size_t, error_code&) { return append(part); }
    bool on_key(string_view rest, std::size_t, error_code& stop)
    {
        append(rest);
        std::string name = std::exchange(text_, {});
        if (depth_ > 1) return true;
        const bool fresh =
            std::ranges::find(members_, name, &Members::value_type::first) == members_.end();
        members_.emplace_back(std::move(name), OtherValue{});
        return proceed(fresh, stop);
    }
    bool on_string_part(string_view part, std::size_t, error_code&) { return append(part); }
    bool on_string(string_view rest, std::size_t, error_code& stop)
    {
        append(rest);
        std::string text = std::exchange(text_, {});
        if (depth_ == 1) set(std::move(text));
        if (depth_ == 2) add(std::move(text));
        return proceed(depth_ > 0, stop);
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t value, string_view, error_code& stop)
    {
        if (depth_ == 1) set(value);
        else other();
        return proceed(depth_ > 0, stop);
    }
    bool on_uint64(std::uint64_t, string_view, error_code& stop) { return scalar(stop); }
    bool on_double(double, string_view, error_code& stop) { return scalar(stop); }
    bool on_bool(bool, error_code& stop) { return scalar(stop); }
    bool on_null(error_code& stop) { return scalar(stop); }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

private:
    static bool proceed(bool good, error_code& stop)
    {
        if (!good) stop = make_error_code(boost::system::errc::invalid_argument);
        return good;
    }
    bool append(string_view part)
    {
        text_.append(part.data(), part.size());
        return true;
    }
    bool close()
    {
        --depth_;
        return true;
    }
    bool scalar(error_code& stop)
    {
        other();
        return proceed(depth_ > 0, stop);
    }
    void set(FlatValue value)
    {
        if (!members_.empty()) members_.back().second = std::move(value);
    }
    // Within an array one element that is no string makes the whole of no use.
    void other() { set(OtherValue{}); }
    void add(std::string text)
    {
        if (members_.empty()) return;
        auto* const texts = std::get_if<std::vector<std::string>>(&members_.back().second);
        if (texts != nullptr) texts->push_back(std::move(text));
    }

    Members members_;
    std::string text_;
    std::size_t depth_ = 0;
};

}  // namespace

std::optional<FlatObject> FlatObject::parse(std::string_view text)
{
    json::basic_parser<Handler> parser{json::parse_options{}};
    json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read != text.size()) return std::nullopt;
    FlatObject object;
    object.members_ = parser.handler().take();
    return object;
}

const FlatValue* FlatObject::find(std::string_view name) const
{
    for (const auto& [known, value] : members_)
        if (known == name) return &value;
    return nullptr;
}

}  // namespace exchange::auth
