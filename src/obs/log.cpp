#include "obs/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <mutex>

#include <unistd.h>

namespace exchange::obs {
namespace {

std::string_view name_of(LogLevel level)
{
    switch (level) {
    case LogLevel::debug:
        return "debug";
    case LogLevel::info:
        return "info";
    case LogLevel::warn:
        return "warn";
    case LogLevel::error:
    case LogLevel::none:
        return "error";
    }
    return "error";
}

bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// The escapes JSON knows; logfmt readers take the same ones. Without them a value with a newline
// would forge a second log line.
void append_quoted(std::string& out, std::string_view value)
{
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (is_control(c)) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

bool needs_quotes(std::string_view value)
{
    if (value.empty()) return true;
    for (const char c : value)
        if (c == ' ' || c == '=' || c == '"' || c == '\\' || is_control(c)) return true;
    return false;
}

void append_logfmt(std::string& out, std::string_view name, std::string_view value)
{
    if (!out.empty()) out += ' ';
    out += name;
    out += '=';
    if (needs_quotes(value)) append_quoted(out, value);
    else out += value;
}

void append_json(std::string& out, std::string_view name, std::string_view value, bool quoted)
{
    out += out.empty() ? '{' : ',';
    append_quoted(out, name);
    out += ':';
    if (quoted) append_quoted(out, value);
    else out += value;
}

std::string timestamp_now()
{
    using namespace std::chrono;
    const auto now = floor<milliseconds>(system_clock::now());
    const auto second = floor<seconds>(now);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(second)),
                       (now - second).count());
}

}  // namespace

Field::Field(std::string_view name, std::string_view value)
    : name_{name}, text_{value}, quoted_{true}
{
}

Field::Field(std::string_view name, bool value) : name_{name}, text_{value ? "true" : "false"} {}

// JSON has no infinities and no NaN, so those become text.
Field::Field(std::string_view name, double value)
    : name_{name}, text_{fmt::format("{}", value)}, quoted_{!std::isfinite(value)}
{
}

Field::Field(std::string_view name, std::int64_t value, int)
    : name_{name}, text_{std::to_string(value)}
{
}

struct Log::Sink {
    // A pipe keeps only short writes whole; the lock keeps the long ones from interleaving too.
    void put(std::string_view line)
    {
        const std::lock_guard lock{mutex};
        while (!line.empty()) {
            const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
            if (written < 0 && errno == EINTR) continue;
            // A log that cannot be written must not stop the service.
            if (written <= 0) return;
            line.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    std::mutex mutex;
};

Log::Log(LogFormat format, LogLevel least)
    : sink_{std::make_unique<Sink>()}, format_{format}, least_{least}
{
}

Log::~Log() = default;

void Log::debug(std::string_view event, std::initializer_list<Field> fields)
{
    write(LogLevel::debug, event, fields);
}

void Log::info(std::string_view event, std::initializer_list<Field> fields)
{
    write(LogLevel::info, event, fields);
}

void Log::warn(std::string_view event, std::initializer_list<Field> fields)
{
    write(LogLevel::warn, event, fields);
}

void Log::error(std::string_view event, std::initializer_list<Field> fields)
{
    write(LogLevel::error, event, fields);
}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<Field> fields)
{
    if (level < least_) return;
    std::string line;
    line.reserve(256);
    const auto append = [&](std::string_view name, std::string_view value, bool quoted) {
        if (format_ == LogFormat::json) append_json(line, name, value, quoted);
        else append_logfmt(line, name, value);
    };
    append("ts", timestamp_now(), true);
    append("level", name_of(level), true);
    append("event", event, true);
    for (const Field& field : fields) append(field.name(), field.text(), field.quoted());
    line += format_ == LogFormat::json ? "}\n" : "\n";
    sink_->put(line);
}

}  // namespace exchange::obs
