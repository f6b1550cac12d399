#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

struct pg_result;

// The rows of one answer, in binary format. Views point into it and die with it. A column read as
// another type than the server sent, or a NULL read as a value, throws std::logic_error: a
// programmer's mistake, not data.
namespace exchange::pg {

class Rows {
public:
    // No rows at all.
    Rows();
    explicit Rows(pg_result* result);
    ~Rows();
    Rows(Rows&&) noexcept;
    Rows& operator=(Rows&&) noexcept;

    int size() const;
    // Rows touched by INSERT, UPDATE, DELETE.
    std::int64_t affected() const;

    bool is_null(int row, int column) const;
    bool boolean(int row, int column) const;
    // Reads int2, int4 and int8.
    std::int64_t integer(int row, int column) const;
    double float8(int row, int column) const;
    // Reads text, varchar, json, jsonb (as text), name and bytea: the bytes as they are.
    std::string_view bytes(int row, int column) const;
    Uuid uuid(int row, int column) const;
    // timestamptz as microseconds since the Unix epoch.
    std::int64_t unix_us(int row, int column) const;
    // int2[], int4[], int8[]; a NULL element throws like a NULL column.
    std::vector<std::int64_t> integers(int row, int column) const;
    // text[], varchar[], bytea[]. A NULL element is a view whose data() is nullptr.
    std::vector<std::string_view> byte_strings(int row, int column) const;
    std::vector<Uuid> uuids(int row, int column) const;

private:
    std::string_view field(int row, int column, std::span<const unsigned> types) const;

    std::unique_ptr<pg_result, void (*)(pg_result*)> result_;
};

}  // namespace exchange::pg
