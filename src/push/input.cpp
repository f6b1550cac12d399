#include "push/input.hpp"

#include "push/file_descriptor.hpp"
#include "push/push.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace exchange::push {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t chunk_bytes = 256 * 1024;

bool is_stdin(const std::string& name)
{
    return name == "-";
}

struct stat status_of(const std::string& name)
{
    struct stat status{};
    const int failed = is_stdin(name) ? ::fstat(0, &status) : ::stat(name.c_str(), &status);
    if (failed != 0 || (!is_stdin(name) && ::access(name.c_str(), R_OK) != 0))
        throw PushUsageError{name + ": " + std::generic_category().message(errno)};
    if (S_ISDIR(status.st_mode)) throw PushUsageError{name + ": is a directory, not a file"};
    return status;
}

// Awaiting a pipe sets it to non-blocking for everyone who shares it, the shell included. One that
// is opened anew is ours alone; what cannot be opened anew (a socket) is shared after all.
FileDescriptor open_stdin()
{
    if (S_ISREG(status_of("-").st_mode)) return FileDescriptor{::dup(0)};
    FileDescriptor own{::open("/dev/stdin", O_RDONLY | O_CLOEXEC)};
    return own.get() >= 0 ? std::move(own) : FileDescriptor{::dup(0)};
}

[[noreturn]] void fail(const std::string& name, int code)
{
    throw std::system_error{code, std::generic_category(), name + ": cannot read"};
}

}  // namespace

struct Input::State {
    State(asio::any_io_executor executor, std::vector<std::string> names, std::size_t bytes_max)
        : files{std::move(names)},
          line_bytes_max{bytes_max},
          splitter{bytes_max},
          pipe{executor},
          filled{executor, TimePoint::max()},
          chunk(chunk_bytes, '\0')
    {
    }

    void open_next();
    void close_current();
    asio::awaitable<void> fill();
    asio::awaitable<std::size_t> read_some();
    std::size_t read_file();

    std::vector<std::string> files;
    std::size_t line_bytes_max;
    // The next to be opened; the current one is the one before.
    std::size_t next_file = 0;
    LineSplitter splitter;
    std::uint64_t blank_lines = 0;
    FileDescriptor file;
    asio::posix::stream_descriptor pipe;
    bool at_end = true;
    bool stopped = false;
    bool filling = false;
    // Never expires; cancelled for all who wait when `fill` is done.
    asio::steady_timer filled;
    std::string chunk;
};

Input::Input(asio::any_io_executor executor, std::vector<std::string> files,
             std::size_t line_bytes_max)
    : state_{std::make_unique<State>(std::move(executor), std::move(files), line_bytes_max)}
{
    for (const std::string& name : state_->files) status_of(name);
    if (std::ranges::count_if(state_->files, is_stdin) > 1)
        throw PushUsageError{"standard input (-) is given more than once"};
}

Input::~Input() = default;

asio::awaitable<std::optional<Line>> Input::next()
{
    State& state = *state_;
    Line line;
    while (!state.stopped) {
        if (state.splitter.next(line)) {
            line.file = state.next_file - 1;
            co_return std::move(line);
        }
        if (state.at_end && state.next_file == state.files.size()) break;
        if (state.filling) co_await state.filled.async_wait(asio::as_tuple(asio::use_awaitable));
        else co_await state.fill();
    }
    co_return std::nullopt;
}

asio::awaitable<void> Input::State::fill()
{
    struct Filling {
        State& state;
        explicit Filling(State& of) : state{of} { state.filling = true; }
        ~Filling()
        {
            state.filling = false;
            state.filled.cancel();
        }
    };
    const Filling filling_now{*this};
    if (at_end) open_next();
    const std::size_t got = co_await read_some();
    if (got > 0) {
        splitter.append(std::string_view{chunk}.substr(0, got));
        co_return;
    }
    splitter.finish();
    close_current();
}

void Input::State::open_next()
{
    const std::string& name = files[next_file];
    file =
        is_stdin(name) ? open_stdin() : FileDescriptor{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.get() < 0) fail(name, errno);
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) fail(name, errno);
    if (!S_ISREG(status.st_mode)) pipe.assign(file.release());
    blank_lines += splitter.blank_lines();
    splitter = LineSplitter{line_bytes_max};
    at_end = false;
    ++next_file;
}

void Input::State::close_current()
{
    file = FileDescriptor{};
    error_code ignored;
    pipe.close(ignored);
    at_end = true;
}

asio::awaitable<std::size_t> Input::State::read_some()
{
    if (!pipe.is_open()) {
        // A file is always ready: without this, nothing else would have its turn while lines are
        // only skipped.
        co_await asio::post(pipe.get_executor(), asio::use_awaitable);
        co_return stopped ? 0 : read_file();
    }
    const auto [error, got] =
        co_await pipe.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
    if (error && error != asio::error::eof && !stopped) fail(files[next_file - 1], error.value());
    co_return got;
}

std::size_t Input::State::read_file()
{
    for (;;) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) fail(files[next_file - 1], errno);
    }
}

void Input::stop()
{
    state_->stopped = true;
    error_code ignored;
    state_->pipe.cancel(ignored);
    state_->filled.cancel();
}

const std::string& Input::file_name(const Line& line) const
{
    return state_->files[line.file];
}

std::uint64_t Input::blank_lines() const
{
    return state_->blank_lines + state_->splitter.blank_lines();
}

std::optional<std::uint64_t> Input::bytes_total() const
{
    std::uint64_t total = 0;
    for (const std::string& name : state_->files) {
        const struct stat status = status_of(name);
        if (!S_ISREG(status.st_mode)) return std::nullopt;
        total += static_cast<std::uint64_t>(status.st_size);
    }
    return total;
}

}  // namespace exchange::push
