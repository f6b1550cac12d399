#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

// Structured log: one line an event, logfmt or JSON, to standard error. Thread-safe.
//
// A field takes numbers, booleans and text. `Pii` converts to none of these, so identity cannot be
// logged by accident; texts that come from a request body must not be passed either.
namespace exchange::obs {

enum class LogFormat { logfmt, json };
// `none` is for programs that run thousands of services and judge them otherwise (tests/sim).
enum class LogLevel { debug, info, warn, error, none };

class Field {
public:
    Field(std::string_view name, std::string_view value);
    Field(std::string_view name, const char* value) : Field{name, std::string_view{value}} {}
    Field(std::string_view name, const std::string& value) : Field{name, std::string_view{value}} {}
    Field(std::string_view name, bool value);
    Field(std::string_view name, double value);
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Field(std::string_view name, T value) : Field{name, static_cast<std::int64_t>(value), 0}
    {
    }

    std::string_view name() const { return name_; }
    const std::string& text() const { return text_; }
    bool quoted() const { return quoted_; }

private:
    Field(std::string_view name, std::int64_t value, int);

    std::string_view name_;
    std::string text_;
    bool quoted_ = false;
};

class Log {
public:
    Log(LogFormat format, LogLevel least);
    ~Log();

    // For lines of the busiest paths, whose fields are not worth making in vain.
    bool writes(LogLevel level) const { return level >= least_; }

    // `event` is a constant in snake_case: what happened; operators grep for it.
    void debug(std::string_view event, std::initializer_list<Field> fields = {});
    void info(std::string_view event, std::initializer_list<Field> fields = {});
    void warn(std::string_view event, std::initializer_list<Field> fields = {});
    void error(std::string_view event, std::initializer_list<Field> fields = {});

private:
    void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields);

    struct Sink;
    std::unique_ptr<Sink> sink_;
    LogFormat format_;
    LogLevel least_;
};

}  // namespace exchange::obs
