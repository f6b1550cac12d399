#include "otlp/encode.hpp"

#include "base/overloaded.hpp"

#include <algorithm>
#include <concepts>
#include <string_view>

namespace exchange::otlp {
namespace {

// One message of Protocol Buffers in its wire form; the methods append a field each.
class Message {
public:
    void integer(std::uint32_t field, std::uint64_t value)
    {
        tag(field, 0);
        varint(value);
    }
    void fixed64(std::uint32_t field, std::uint64_t value)
    {
        tag(field, 1);
        fixed(value);
    }
    void fixed32(std::uint32_t field, std::uint32_t value)
    {
        tag(field, 5);
        fixed(value);
    }
    void text(std::uint32_t field, std::string_view value)
    {
        tag(field, 2);
        varint(value.size());
        bytes_.append(value);
    }
    void bytes(std::uint32_t field, std::span<const std::uint8_t> value)
    {
        text(field, {reinterpret_cast<const char*>(value.data()), value.size()});
    }
    void message(std::uint32_t field, const Message& value) { text(field, value.bytes_); }

    std::string take() { return std::move(bytes_); }

private:
    void tag(std::uint32_t field, std::uint32_t wire_type) { varint(field << 3 | wire_type); }
    void varint(std::uint64_t value)
    {
        for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
        bytes_.push_back(static_cast<char>(value));
    }
    // Little-endian, whatever the machine is.
    template <std::unsigned_integral T>
    void fixed(T value)
    {
        for (std::size_t at = 0; at < sizeof value; ++at)
            bytes_.push_back(static_cast<char>(value >> (8 * at)));
    }

    std::string bytes_;
};

// The numbers are those of opentelemetry/proto/{common,resource,trace}/v1.

Message key_value(std::string_view key, const Message& any_value)
{
    Message pair;
    pair.text(1, key);
    pair.message(2, any_value);
    return pair;
}

Message attribute(const obs::Attribute& attribute)
{
    Message value;
    std::visit(overloaded{[&](std::int64_t number) {
                              value.integer(3, static_cast<std::uint64_t>(number));
                          },
                          [&](const std::string& text) { value.text(1, text); }},
               attribute.value);
    return key_value(attribute.name, value);
}

Message text_attribute(std::string_view name, std::string_view text)
{
    Message value;
    value.text(1, text);
    return key_value(name, value);
}

std::uint64_t nanoseconds(std::int64_t microseconds)
{
    return static_cast<std::uint64_t>(microseconds) * 1000;
}

Message encode_span(const obs::Span& span)
{
    constexpr std::uint32_t flag_sampled = 0x01;
    constexpr std::uint64_t status_error = 2;
    Message message;
    message.bytes(1, span.context.trace);
    message.bytes(2, span.context.span);
    if (span.parent != SpanId{}) message.bytes(4, span.parent);
    message.text(5, span.name);
    message.integer(6, static_cast<std::uint64_t>(span.kind));
    message.fixed64(7, nanoseconds(span.began_us));
    // The clock may have been set meanwhile.
    message.fixed64(8, nanoseconds(std::max(span.began_us, span.ended_us)));
    for (const obs::Attribute& told : span.attributes) message.message(9, attribute(told));
    if (span.failed) {
        Message status;
        status.integer(3, status_error);
        message.message(15, status);
    }
    message.fixed32(16, flag_sampled);
    return message;
}

Message encode_resource(const Resource& resource)
{
    Message message;
    message.message(1, text_attribute("service.name", resource.service_name));
    message.message(1, text_attribute("service.version", resource.service_version));
    message.message(1, text_attribute("service.instance.id", resource.instance));
    return message;
}

}  // namespace

std::string encode(const Resource& resource, std::span<const obs::Span> spans)
{
    Message scope;
    scope.text(1, "exchange");
    Message scope_spans;
    scope_spans.message(1, scope);
    for (const obs::Span& span : spans) scope_spans.message(2, encode_span(span));
    Message resource_spans;
    resource_spans.message(1, encode_resource(resource));
    resource_spans.message(2, scope_spans);
    Message request;
    request.message(1, resource_spans);
    return request.take();
}

}  // namespace exchange::otlp
