#pragma once

#include <string>
#include <string_view>

struct pg_result;

// What a server's error means to the caller, and the words for it (errors.hpp).
namespace exchange::pg {

enum class Verdict {
    refused,      // repeating it will not help
    unavailable,  // it may help, on this connection too
    broken,       // it may help, on another connection only
};

struct Failure {
    Verdict verdict = Verdict::refused;
    std::string sqlstate;
    // The statement's name, SQLSTATE, primary message and hint; no DETAIL, no values.
    std::string message;
};

// `source` is the server function that raised the error: unlike messages it is never translated.
Verdict judge(std::string_view sqlstate, std::string_view severity, std::string_view source);

// A primary message without what it may quote from the data: Postgres names the offending value in
// data exceptions (class 22), and only names of the schema elsewhere.
std::string without_values(std::string_view sqlstate, std::string_view primary);

// Of a result that carries a SQLSTATE.
Failure read_failure(const pg_result& result, std::string_view statement);

[[noreturn]] void raise(const Failure& failure);

}  // namespace exchange::pg
