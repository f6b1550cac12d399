#pragma once

#include "base/time.hpp"
#include "push/file_descriptor.hpp"
#include "push/line_key.hpp"
#include "push/result_line.hpp"

#include <string>
#include <string_view>
#include <vector>

// The results of a push on disk: what earlier runs settled is read, what this one settles appended.
namespace exchange::push {

// The lines that earlier runs settled.
class SettledLines {
public:
    void add(const LineKey& key, bool rejected) { lines_.push_back({key, rejected}); }
    // After the last `add` and before the first `find`.
    void sort();
    enum class Found { no, accepted, rejected };
    Found find(const LineKey& key) const;
    std::size_t size() const { return lines_.size(); }

private:
    struct Settled {
        LineKey key;
        bool rejected = false;
    };
    std::vector<Settled> lines_;
};

class ResultsFile {
public:
    // Creates the file or reads what is there; a torn last line is cut off. Throws PushUsageError
    // when the file is no results file, belongs to a push with another header, or is in use by a
    // push that runs now; std::system_error when it cannot be read or written.
    ResultsFile(const std::string& path, const ResultsHeader& header);

    const SettledLines& settled() const { return settled_; }
    // Kept in memory until there is a block of them, or `flush`.
    void append(std::string_view line);
    // Hands them to the kernel: they outlive this process. What a power cut takes is sent again by
    // the next run, and replayed.
    void flush();

private:
    void lock() const;
    void read(const ResultsHeader& header);
    void read_line(const Line& line, const ResultsHeader& header);
    [[noreturn]] void refuse(std::string_view why) const;
    [[noreturn]] void fail(const char* doing) const;

    std::string path_;
    FileDescriptor file_;
    SettledLines settled_;
    bool has_header_ = false;
    std::string buffer_;
};

}  // namespace exchange::push
