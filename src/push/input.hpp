#pragma once

#include "push/line_splitter.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

// The lines of all files, one after the other. Any number of coroutines may ask for the next one;
// all on one executor. Files are read in place, since the page cache answers at once; pipes and
// terminals are awaited, so that a slow producer never holds up the answers.
namespace exchange::push {

class Input {
public:
    // "-" is standard input. Throws PushUsageError for a name that is no readable file.
    Input(boost::asio::any_io_executor executor, std::vector<std::string> files,
          std::size_t line_bytes_max);
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    // Nothing at the end of the last file and after `stop`. Throws std::system_error when a file
    // cannot be read.
    boost::asio::awaitable<std::optional<Line>> next();
    // Idempotent; wakes those who wait.
    void stop();

    const std::string& file_name(const Line& line) const;
    std::uint64_t blank_lines() const;
    // Of all files together; nothing when one of them does not know its size.
    std::optional<std::uint64_t> bytes_total() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace exchange::push
