#include "pg/rows.hpp"

#include "pg/big_endian.hpp"
#include "pg/oids.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace exchange::pg {
namespace {

[[noreturn]] void misread(int row, int column, const char* why)
{
    throw std::logic_error{fmt::format("row {} column {} of an answer {}", row, column, why)};
}

Uuid read_uuid(std::string_view bytes)
{
    Uuid uuid;
    if (bytes.size() != uuid.bytes.size()) throw std::logic_error{"a uuid is not 16 bytes long"};
    std::memcpy(uuid.bytes.data(), bytes.data(), bytes.size());
    return uuid;
}

std::int64_t read_integer(std::string_view bytes)
{
    switch (bytes.size()) {
    case 2:
        return read_big_endian<std::int16_t>(bytes);
    case 4:
        return read_big_endian<std::int32_t>(bytes);
    case 8:
        return read_big_endian<std::int64_t>(bytes);
    default:
        throw std::logic_error{"an integer is not 2, 4 or 8 bytes long"};
    }
}

// Takes a one-dimensional array apart, element by element.
class ArrayReader {
public:
    explicit ArrayReader(std::string_view bytes) : rest_{bytes}
    {
        const std::int32_t dimensions = take();
        rest_.remove_prefix(8);  // null flag, element type
        if (dimensions == 0) return;
        if (dimensions != 1) throw std::logic_error{"an array has more than one dimension"};
        size_ = static_cast<std::size_t>(take());
        rest_.remove_prefix(4);  // lower bound
    }

    std::size_t size() const { return size_; }

    // data() is nullptr for NULL.
    std::string_view next()
    {
        const std::int32_t length = take();
        if (length < 0) return {};
        const std::string_view element = rest_.substr(0, static_cast<std::size_t>(length));
        rest_.remove_prefix(element.size());
        return element;
    }

private:
    std::int32_t take()
    {
        const auto value = read_big_endian<std::int32_t>(rest_);
        rest_.remove_prefix(sizeof value);
        return value;
    }

    std::string_view rest_;
    std::size_t size_ = 0;
};

template <class T, class Read>
std::vector<T> read_array(std::string_view bytes, Read read)
{
    ArrayReader reader{bytes};
    std::vector<T> values;
    values.reserve(reader.size());
    for (std::size_t i = 0; i < reader.size(); ++i) values.push_back(read(reader.next()));
    return values;
}

}  // namespace

Rows::Rows() : Rows{nullptr} {}
Rows::Rows(pg_result* result) : result_{result, &PQclear} {}
Rows::~Rows() = default;
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;

int Rows::size() const
{
    return PQntuples(result_.get());
}

std::int64_t Rows::affected() const
{
    const std::string_view text = PQcmdTuples(result_.get());
    std::int64_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

bool Rows::is_null(int row, int column) const
{
    if (row < 0 || row >= size() || column < 0 || column >= PQnfields(result_.get()))
        misread(row, column, "does not exist");
    return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::field(int row, int column, std::span<const unsigned> types) const
{
    if (is_null(row, column)) misread(row, column, "is NULL");
    const unsigned type = PQftype(result_.get(), column);
    if (std::find(types.begin(), types.end(), type) == types.end())
        misread(row, column, "is of another type");
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

bool Rows::boolean(int row, int column) const
{
    constexpr std::array types{oid::boolean};
    return field(row, column, types).front() != 0;
}

std::int64_t Rows::integer(int row, int column) const
{
    constexpr std::array types{oid::int8, oid::int4, oid::int2};
    return read_integer(field(row, column, types));
}

double Rows::float8(int row, int column) const
{
    constexpr std::array types{oid::float8};
    return std::bit_cast<double>(read_big_endian<std::uint64_t>(field(row, column, types)));
}

std::string_view Rows::bytes(int row, int column) const
{
    constexpr std::array types{oid::text, oid::bytea,  oid::varchar, oid::json,
                               oid::name, oid::bpchar, oid::jsonb};
    std::string_view value = field(row, column, types);
    // jsonb is its text behind a version byte.
    if (PQftype(result_.get(), column) == oid::jsonb) value.remove_prefix(1);
    return value;
}

Uuid Rows::uuid(int row, int column) const
{
    constexpr std::array types{oid::uuid};
    return read_uuid(field(row, column, types));
}

std::int64_t Rows::unix_us(int row, int column) const
{
    constexpr std::array types{oid::timestamptz};
    const auto value = read_big_endian<std::int64_t>(field(row, column, types));
    constexpr std::int64_t infinity = std::numeric_limits<std::int64_t>::max();
    // 'infinity', and dates so far ahead that only the other epoch can name them.
    if (value > infinity - oid::unix_us_of_postgres_epoch) return infinity;
    if (value == std::numeric_limits<std::int64_t>::min()) return value;
    return value + oid::unix_us_of_postgres_epoch;
}

std::vector<std::int64_t> Rows::integers(int row, int column) const
{
    constexpr std::array types{oid::int8_array, oid::int4_array, oid::int2_array};
    return read_array<std::int64_t>(field(row, column, types), read_integer);
}

std::vector<std::string_view> Rows::byte_strings(int row, int column) const
{
    constexpr std::array types{oid::text_array, oid::bytea_array, oid::varchar_array};
    const auto as_is = [](std::string_view element) { return element; };
    return read_array<std::string_view>(field(row, column, types), as_is);
}

std::vector<Uuid> Rows::uuids(int row, int column) const
{
    constexpr std::array types{oid::uuid_array};
    return read_array<Uuid>(field(row, column, types), read_uuid);
}

}  // namespace exchange::pg
