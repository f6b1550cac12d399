#pragma once

#include <unistd.h>
#include <utility>

namespace exchange::push {

// Owns an open file.
class FileDescriptor {
public:
    explicit FileDescriptor(int fd = -1) : fd_{fd} {}
    ~FileDescriptor()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    FileDescriptor(FileDescriptor&& other) noexcept : fd_{other.release()} {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept
    {
        const FileDescriptor old{std::exchange(fd_, other.release())};
        return *this;
    }

    // Negative when there is none.
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

}  // namespace exchange::push
