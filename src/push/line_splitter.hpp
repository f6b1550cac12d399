#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Cuts a stream of chunks into lines. Pure.
namespace exchange::push {

struct Line {
    // Of the files given, which; counts from 0.
    std::size_t file = 0;
    // Counts from 1 within its file; blank lines count too.
    std::uint64_t number = 0;
    // As they stand in the file, without the newline. Of a line that is too long, only the first.
    std::string bytes;
    bool too_long = false;
    // What it took of the file: newline and blank lines before it included.
    std::uint64_t size = 0;
};

class LineSplitter {
public:
    // Holds at most this much of one line, and one chunk.
    explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_{line_bytes_max} {}

    void append(std::string_view chunk);
    // Nothing more will come: what follows the last newline is a line too.
    void finish() { finished_ = true; }
    // The next line, if there is a whole one. Lines of nothing but white space are passed over.
    bool next(Line& line);

    std::uint64_t blank_lines() const { return blank_lines_; }

private:
    bool find_end(std::size_t& end);
    void shed();
    void take(std::size_t end, Line& line);

    std::size_t line_bytes_max_;
    std::string buffer_;
    // Where the next line begins, and how far it is known to hold no newline.
    std::size_t begin_ = 0;
    std::size_t scanned_ = 0;
    // Bytes of the current line that were dropped because it is too long.
    std::uint64_t shed_ = 0;
    std::uint64_t passed_over_ = 0;
    std::uint64_t number_ = 0;
    std::uint64_t blank_lines_ = 0;
    bool finished_ = false;
};

}  // namespace exchange::push
