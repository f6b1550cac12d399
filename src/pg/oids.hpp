#pragma once

// Type numbers of Postgres' built-in types (pg_type.dat); they never change.
namespace exchange::pg::oid {

inline constexpr unsigned boolean = 16;
inline constexpr unsigned bytea = 17;
inline constexpr unsigned name = 19;
inline constexpr unsigned int8 = 20;
inline constexpr unsigned int2 = 21;
inline constexpr unsigned int4 = 23;
inline constexpr unsigned text = 25;
inline constexpr unsigned json = 114;
inline constexpr unsigned float8 = 701;
inline constexpr unsigned bpchar = 1042;
inline constexpr unsigned varchar = 1043;
inline constexpr unsigned timestamptz = 1184;
inline constexpr unsigned interval = 1186;
inline constexpr unsigned uuid = 2950;
inline constexpr unsigned jsonb = 3802;

inline constexpr unsigned boolean_array = 1000;
inline constexpr unsigned bytea_array = 1001;
inline constexpr unsigned int2_array = 1005;
inline constexpr unsigned int4_array = 1007;
inline constexpr unsigned text_array = 1009;
inline constexpr unsigned varchar_array = 1015;
inline constexpr unsigned int8_array = 1016;
inline constexpr unsigned timestamptz_array = 1185;
inline constexpr unsigned uuid_array = 2951;

// Postgres counts microseconds from 2000-01-01; Unix from 1970-01-01.
inline constexpr long long unix_us_of_postgres_epoch = 946'684'800'000'000;

}  // namespace exchange::pg::oid
