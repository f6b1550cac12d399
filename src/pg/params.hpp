#pragma once

#include "base/ids.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Parameters of one statement in Postgres' binary format, so that nothing is escaped or parsed
// twice. Arrays hold no NULLs except where said. The object owns its bytes.
namespace exchange::pg {

using Bytes = std::span<const std::uint8_t>;

class Params {
public:
    Params& null(unsigned oid_of_type);
    Params& boolean(bool value);
    Params& int2(std::int16_t value);
    Params& int4(std::int32_t value);
    Params& int8(std::int64_t value);
    Params& float8(double value);
    Params& text(std::string_view value);
    Params& bytea(Bytes value);
    Params& bytea(std::string_view value);
    Params& uuid(const Uuid& value);
    Params& interval(std::chrono::microseconds value);
    // Microseconds since the Unix epoch.
    Params& timestamptz(std::int64_t unix_us);
    // The text of a JSON document.
    Params& jsonb(std::string_view value);

    Params& boolean_array(std::span<const bool> values);
    Params& int2_array(std::span<const std::int16_t> values);
    Params& int4_array(std::span<const std::int32_t> values);
    Params& int8_array(std::span<const std::int64_t> values);
    // An element whose data() is nullptr is sent as NULL.
    Params& text_array(std::span<const std::string_view> values);
    Params& bytea_array(std::span<const std::string_view> values);
    Params& uuid_array(std::span<const Uuid> values);
    Params& timestamptz_array(std::span<const std::int64_t> unix_us);

    // For libpq: parallel arrays, valid until the next add or move.
    int size() const;
    const unsigned* types() const;
    const char* const* values() const;
    const int* lengths() const;

private:
    template <class Integer>
    void put(Integer value);
    void put_bytes(std::string_view bytes);
    void put_array_header(std::size_t elements, bool has_null, unsigned element_type);
    void put_strings(std::span<const std::string_view> values, unsigned element_type);
    template <class Integer>
    Params& integers(unsigned type, unsigned element_type, std::span<const Integer> values);
    // A parameter begins where the buffer ends now; `finish` makes what was put since its value.
    void begin(unsigned type);
    Params& finish();

    std::string buffer_;
    std::vector<unsigned> types_;
    std::vector<std::size_t> offsets_;
    std::vector<int> lengths_;  // -1: NULL
    mutable std::vector<const char*> values_;
};

}  // namespace exchange::pg
