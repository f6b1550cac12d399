#pragma once

#include <array>
#include <cstdint>
#include <span>

// Where ids and back-off jitter come from, so that a simulation can decide them.
namespace exchange {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;
};

// The kernel's generator, read in blocks. Not thread-safe: one per thread.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override;

private:
    std::array<std::uint8_t, 4096> block_{};
    std::size_t used_ = block_.size();
};

}  // namespace exchange
