#include "pg/params.hpp"

#include "pg/big_endian.hpp"
#include "pg/oids.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

namespace exchange::pg {
namespace {

// Dimensions, null flag, element type, size and lower bound of the one dimension.
constexpr std::size_t array_header_bytes = 20;
constexpr std::size_t element_header_bytes = 4;

std::string_view as_text(const Uuid& uuid)
{
    return {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()};
}

std::int64_t postgres_us(std::int64_t unix_us)
{
    return unix_us - oid::unix_us_of_postgres_epoch;
}

std::int32_t checked_length(std::size_t length)
{
    // Postgres itself takes no value above 1 GiB; this only keeps the cast honest.
    if (length > std::size_t{std::numeric_limits<std::int32_t>::max()})
        throw std::length_error{"a statement parameter is longer than 2 GiB"};
    return static_cast<std::int32_t>(length);
}

}  // namespace

template <class Integer>
void Params::put(Integer value)
{
    append_big_endian(buffer_, value);
}

void Params::put_bytes(std::string_view bytes)
{
    buffer_.append(bytes);
}

void Params::begin(unsigned type)
{
    types_.push_back(type);
    offsets_.push_back(buffer_.size());
    lengths_.push_back(-1);
}

Params& Params::finish()
{
    lengths_.back() = checked_length(buffer_.size() - offsets_.back());
    return *this;
}

void Params::put_array_header(std::size_t elements, bool has_null, unsigned element_type)
{
    put(std::int32_t{elements == 0 ? 0 : 1});
    put(std::int32_t{has_null ? 1 : 0});
    put(element_type);
    if (elements == 0) return;
    put(checked_length(elements));
    put(std::int32_t{1});
}

void Params::put_strings(std::span<const std::string_view> values, unsigned element_type)
{
    std::size_t bytes = array_header_bytes;
    bool has_null = false;
    for (const std::string_view value : values) {
        bytes += element_header_bytes + value.size();
        has_null = has_null || value.data() == nullptr;
    }
    buffer_.reserve(buffer_.size() + bytes);
    put_array_header(values.size(), has_null, element_type);
    for (const std::string_view value : values) {
        put(value.data() == nullptr ? std::int32_t{-1} : checked_length(value.size()));
        put_bytes(value);
    }
}

template <class Integer>
Params& Params::integers(unsigned type, unsigned element_type, std::span<const Integer> values)
{
    begin(type);
    buffer_.reserve(buffer_.size() + array_header_bytes +
                    values.size() * (element_header_bytes + sizeof(Integer)));
    put_array_header(values.size(), false, element_type);
    for (const Integer value : values) {
        put(std::int32_t{sizeof(Integer)});
        put(value);
    }
    return finish();
}

Params& Params::null(unsigned oid_of_type)
{
    begin(oid_of_type);
    return *this;
}

Params& Params::boolean(bool value)
{
    begin(oid::boolean);
    put(static_cast<std::uint8_t>(value));
    return finish();
}

Params& Params::int2(std::int16_t value)
{
    begin(oid::int2);
    put(value);
    return finish();
}

Params& Params::int4(std::int32_t value)
{
    begin(oid::int4);
    put(value);
    return finish();
}

Params& Params::int8(std::int64_t value)
{
    begin(oid::int8);
    put(value);
    return finish();
}

Params& Params::float8(double value)
{
    begin(oid::float8);
    put(std::bit_cast<std::uint64_t>(value));
    return finish();
}

Params& Params::text(std::string_view value)
{
    begin(oid::text);
    put_bytes(value);
    return finish();
}

Params& Params::bytea(Bytes value)
{
    return bytea(std::string_view{reinterpret_cast<const char*>(value.data()), value.size()});
}

Params& Params::bytea(std::string_view value)
{
    begin(oid::bytea);
    put_bytes(value);
    return finish();
}

Params& Params::uuid(const Uuid& value)
{
    begin(oid::uuid);
    put_bytes(as_text(value));
    return finish();
}

Params& Params::interval(std::chrono::microseconds value)
{
    begin(oid::interval);
    put(std::int64_t{value.count()});
    // Days and months, which Postgres keeps apart because they vary in length.
    put(std::int32_t{0});
    put(std::int32_t{0});
    return finish();
}

Params& Params::timestamptz(std::int64_t unix_us)
{
    begin(oid::timestamptz);
    put(postgres_us(unix_us));
    return finish();
}

Params& Params::jsonb(std::string_view value)
{
    begin(oid::jsonb);
    // The version of jsonb's binary format, the only one there is.
    put(std::uint8_t{1});
    put_bytes(value);
    return finish();
}

Params& Params::boolean_array(std::span<const bool> values)
{
    begin(oid::boolean_array);
    put_array_header(values.size(), false, oid::boolean);
    for (const bool value : values) {
        put(std::int32_t{1});
        put(static_cast<std::uint8_t>(value));
    }
    return finish();
}

Params& Params::int2_array(std::span<const std::int16_t> values)
{
    return integers(oid::int2_array, oid::int2, values);
}

Params& Params::int4_array(std::span<const std::int32_t> values)
{
    return integers(oid::int4_array, oid::int4, values);
}

Params& Params::int8_array(std::span<const std::int64_t> values)
{
    return integers(oid::int8_array, oid::int8, values);
}

Params& Params::text_array(std::span<const std::string_view> values)
{
    begin(oid::text_array);
    put_strings(values, oid::text);
    return finish();
}

Params& Params::bytea_array(std::span<const std::string_view> values)
{
    begin(oid::bytea_array);
    put_strings(values, oid::bytea);
    return finish();
}

Params& Params::uuid_array(std::span<const Uuid> values)
{
    begin(oid::uuid_array);
    put_array_header(values.size(), false, oid::uuid);
    for (const Uuid& value : values) {
        put(std::int32_t{sizeof value.bytes});
        put_bytes(as_text(value));
    }
    return finish();
}

Params& Params::timestamptz_array(std::span<const std::int64_t> unix_us)
{
    begin(oid::timestamptz_array);
    put_array_header(unix_us.size(), false, oid::timestamptz);
    for (const std::int64_t value : unix_us) {
        put(std::int32_t{sizeof value});
        put(postgres_us(value));
    }
    return finish();
}

int Params::size() const
{
    return static_cast<int>(types_.size());
}

const unsigned* Params::types() const
{
    return types_.data();
}

const char* const* Params::values() const
{
    values_.resize(types_.size());
    for (std::size_t i = 0; i < types_.size(); ++i)
        values_[i] = lengths_[i] < 0 ? nullptr : buffer_.data() + offsets_[i];
    return values_.data();
}

const int* Params::lengths() const
{
    return lengths_.data();
}

}  // namespace exchange::pg
