#pragma once

#include <string>
#include <utility>

// Identity (names, birth dates, SSNs) in memory. It has no formatter, no stream operator and no
// comparison that prints, so a log line, metric or error text that mentions it does not compile.
// `expose()` is for the code that must read it, and easy to find by name.
namespace exchange {

class Pii {
public:
    Pii() = default;
    explicit Pii(std::string value) : value_{std::move(value)} {}
    const std::string& expose() const { return value_; }

private:
    std::string value_;
};

}  // namespace exchange
