#pragma once

#include "base/time.hpp"

#include <algorithm>

namespace exchange {

// Pauses between attempts: each twice the one before, up to a maximum; a success starts over.
class Backoff {
public:
    Backoff(Duration first, Duration most) : first_{first}, most_{most}, next_{first} {}

    Duration pause()
    {
        const Duration now = next_;
        next_ = std::min(most_, next_ * 2);
        return now;
    }
    void reset() { next_ = first_; }

private:
    Duration first_;
    Duration most_;
    Duration next_;
};

}  // namespace exchange
