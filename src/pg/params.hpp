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

    Params& int2_array(std::span<const std::int16_t> values);
    Params& int4_array(std::span<const std::int32_t> values);
    Params& int8_array(std::span<const std::int64_t> values);
    // An element whose data() is nullptr is sent as NULL.
    Params& text_array(std::span<const std::string_view> values);
    Params& bytea_array(std::span<const std::string_view> values);
    Params& uuid_array(std::span<const Uuid> values);

    // For libpq: parallel arrays, valid until the next add.
    int size() const;
    const unsigned* types() const;
    const char* const* values() const;
    const int* lengths() const;

private:
    struct Slot {
        unsigned type;
        std::size_t offset;
        int length;  // -1: NULL
    };
    std::string buffer_;
    std::vector<Slot> slots_;
    mutable std::vector<unsigned> types_;
    mutable std::vector<const char*> values_;
    mutable std::vector<int> lengths_;
};

}  // namespace exchange::pg
