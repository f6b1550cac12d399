#include "push/line_splitter.hpp"

#include <algorithm>

namespace exchange::push {
namespace {

bool is_blank(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

}  // namespace

void LineSplitter::append(std::string_view chunk)
{
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    buffer_.append(chunk);
}

bool LineSplitter::next(Line& line)
{
    std::size_t end = 0;
    while (find_end(end)) {
        take(end, line);
        if (!is_blank(line.bytes)) return true;
        ++blank_lines_;
        passed_over_ = line.size;
    }
    return false;
}

bool LineSplitter::find_end(std::size_t& end)
{
    end = buffer_.find('\n', scanned_);
    if (end != buffer_.npos) return true;
    scanned_ = end = buffer_.size();
    if (finished_) return begin_ < end;
    shed();
    return false;
}

void LineSplitter::shed()
{
    // One byte more than allowed is kept, so that a line that is too long never looks like another
    // one of exactly the allowed length.
    const std::size_t keep = begin_ + line_bytes_max_ + 1;
    if (buffer_.size() <= keep) return;
    shed_ += buffer_.size() - keep;
    buffer_.resize(keep);
    scanned_ = keep;
}

void LineSplitter::take(std::size_t end, Line& line)
{
    const std::string_view kept = std::string_view{buffer_}.substr(begin_, end - begin_);
    const std::uint64_t length = kept.size() + shed_;
    const bool has_newline = end < buffer_.size();
    line.number = ++number_;
    line.too_long = length > line_bytes_max_;
    line.bytes = line.too_long ? kept.substr(0, line_bytes_max_ + 1) : kept;
    line.size = length + (has_newline ? 1 : 0) + passed_over_;
    begin_ = scanned_ = std::min(end + 1, buffer_.size());
    shed_ = passed_over_ = 0;
}

}  // namespace exchange::push
