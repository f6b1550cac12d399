#pragma once

#include "base/random.hpp"
#include "base/time.hpp"

#include <cstddef>

// All that is random in a simulation comes from here, so a seed gives the same run every time.
namespace exchange::sim {

class Dice final : public Random {
public:
    explicit Dice(std::uint64_t seed) : state_{seed} {}

    // SplitMix64 (Steele, Lea, Flood 2014).
    std::uint64_t next()
    {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    // Both ends included.
    int between(int low, int high)
    {
        return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
    }
    Duration between(Duration low, Duration high)
    {
        const auto span = static_cast<std::uint64_t>((high - low).count() + 1);
        return low + Duration{static_cast<Duration::rep>(next() % span)};
    }
    double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    bool chance(double likelihood) { return likelihood > 0 && fraction() < likelihood; }

    void fill(std::span<std::uint8_t> out) override
    {
        for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
    }

private:
    std::uint64_t state_;
};

}  // namespace exchange::sim
