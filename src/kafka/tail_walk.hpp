#pragma once

#include <cstdint>
#include <optional>

// Where to look for a partition's last message: it may hide behind transaction markers and aborted
// batches, which take offsets but are not seen. Pure.
namespace exchange::kafka {

class TailWalk {
public:
    static constexpr std::int64_t first_step = 8;
    static constexpr std::int64_t growth = 8;

    TailWalk(std::int64_t begin, std::int64_t end) : begin_{begin}, end_{end}, from_{end} {}

    // The next offset to read from, up to the end: 8 before it, then 64, 512, …; nothing once the
    // partition's beginning was among what was read.
    std::optional<std::int64_t> go_back()
    {
        if (from_ <= begin_) return std::nullopt;
        from_ = end_ - begin_ <= step_ ? begin_ : end_ - step_;
        step_ *= growth;
        return from_;
    }

private:
    std::int64_t begin_;
    std::int64_t end_;
    std::int64_t from_;
    std::int64_t step_ = first_step;
};

}  // namespace exchange::kafka
