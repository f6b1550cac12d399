#include "push/results_file.hpp"

#include "push/push.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace exchange::push {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
// A result holds at most twenty errors of two short texts.
constexpr std::size_t result_bytes_max = 64 * 1024;

}  // namespace

void SettledLines::sort()
{
    // Of several results for a line, any will do: the exchange gives each key one answer for good.
    std::ranges::sort(lines_, {}, &Settled::key);
}

SettledLines::Found SettledLines::find(const LineKey& key) const
{
    const auto found = std::ranges::lower_bound(lines_, key, {}, &Settled::key);
    if (found == lines_.end() || found->key != key) return Found::no;
    return found->rejected ? Found::rejected : Found::accepted;
}

ResultsFile::ResultsFile(const std::string& path, const ResultsHeader& header)
    : path_{path}, file_{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644)}
{
    if (file_.get() < 0) fail("open");
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) fail("open");
    if (!S_ISREG(status.st_mode)) refuse("it is not a regular file");
    lock();
    read(header);
    settled_.sort();
}

void ResultsFile::lock() const
{
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK) refuse("another push is writing to it");
    fail("lock");
}

void ResultsFile::read(const ResultsHeader& header)
{
    LineSplitter splitter{result_bytes_max};
    std::string chunk(block_bytes, '\0');
    std::uint64_t whole = 0;
    for (;;) {
        const ssize_t got = ::read(file_.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("read");
        if (got == 0) break;
        splitter.append(std::string_view{chunk}.substr(0, static_cast<std::size_t>(got)));
        for (Line line; splitter.next(line); whole += line.size) read_line(line, header);
    }
    Line torn;
    splitter.finish();
    const bool is_torn = splitter.next(torn);
    if (is_torn && whole == 0) refuse("it is not the results file of a push");
    if (is_torn && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0) fail("truncate");
    if (whole == 0) buffer_ = render_header(header);
}

void ResultsFile::read_line(const Line& line, const ResultsHeader& header)
{
    if (!has_header_) {
        has_header_ = true;
        const std::optional<ResultsHeader> found = parse_header(line.bytes);
        if (!found) refuse("it is not the results file of a push");
        if (*found != header)
            refuse("it belongs to a push to " + found->target + " with the key prefix " +
                   found->key_prefix);
        return;
    }
    const std::optional<PastResult> result = parse_result(line.bytes);
    const std::optional<LineKey> key =
        result ? parse_line_key(result->key, header.key_prefix) : std::nullopt;
    if (!key) refuse("line " + std::to_string(line.number) + " is not a result of a push");
    settled_.add(*key, result->status != 202);
}

void ResultsFile::append(std::string_view line)
{
    buffer_ += line;
    if (buffer_.size() >= block_bytes) flush();
}

void ResultsFile::flush()
{
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t sent = ::write(file_.get(), rest.data(), rest.size());
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) fail("write");
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    buffer_.clear();
}

void ResultsFile::refuse(std::string_view why) const
{
    throw PushUsageError{path_ + ": " + std::string{why} +
                         ". Hint: name another file with --results; what was accepted is "
                         "replayed, not stored twice"};
}

void ResultsFile::fail(const char* doing) const
{
    throw std::system_error{errno, std::generic_category(),
                            path_ + ": cannot " + doing + " the results"};
}

}  // namespace exchange::push
