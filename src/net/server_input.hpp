#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace exchange::net {

// Bytes received and not yet used. Views of them hold until `space` or `put_back`.
class InputBuffer {
public:
    std::string_view view() const { return {data_.data() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }

    void consume(std::size_t bytes)
    {
        assert(bytes <= size());
        begin_ += bytes;
        if (begin_ == end_) begin_ = end_ = 0;
    }

    // Room for at least one more byte; grows when half full, so that reads do not become tiny.
    std::span<char> space()
    {
        if (begin_ > 0) {
            std::memmove(data_.data(), data_.data() + begin_, size());
            end_ -= begin_;
            begin_ = 0;
        }
        if (data_.size() - end_ < data_.size() / 2 || data_.empty())
            data_.resize(std::max(first_size, data_.size() * 2));
        return std::span{data_}.subspan(end_);
    }
    void commit(std::size_t bytes) { end_ += bytes; }

    // Only while empty.
    void put_back(std::string_view bytes)
    {
        assert(size() == 0);
        if (data_.size() < bytes.size()) data_.resize(bytes.size());
        std::ranges::copy(bytes, data_.begin());
        begin_ = 0;
        end_ = bytes.size();
    }

private:
    // A head and a small body in one read.
    static constexpr std::size_t first_size = 8 * 1024;

    std::vector<char> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace exchange::net
