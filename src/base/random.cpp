#include "base/random.hpp"

#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace exchange {
namespace {

void read_kernel(std::span<std::uint8_t> out)
{
    while (!out.empty()) {
        const ssize_t got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error{errno, std::generic_category(), "getrandom"};
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out)
{
    for (std::uint8_t& byte : out) {
        if (used_ == block_.size()) {
            read_kernel(block_);
            used_ = 0;
        }
        byte = block_[used_++];
    }
}

}  // namespace exchange
