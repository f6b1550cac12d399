// Preloaded into a server: a disk without room. While the file FULL_DISK_MARK exists, no file below
// FULL_DISK_FOLDER gets another page: what fits into its last one is written, and then there is no
// space left on the device. What is there can be read and overwritten, as on a true disk.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum { page = 4096, at_the_end = -1 };

static int is_full(int fd)
{
    const char* mark = getenv("FULL_DISK_MARK");
    const char* folder = getenv("FULL_DISK_FOLDER");
    if (mark == NULL || folder == NULL || access(mark, F_OK) != 0) return 0;
    char link[32];
    char path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    return strncmp(path, folder, strlen(folder)) == 0;
}

// How much of `wanted` bytes from `offset` on there is room for.
static size_t room(int fd, off_t offset, size_t wanted)
{
    const int kept = errno;
    struct stat file;
    size_t most = wanted;
    if (is_full(fd) && fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) {
        const off_t end = (file.st_size + page - 1) / page * page;
        if (offset == at_the_end) offset = file.st_size;
        if (offset >= end) most = 0;
        else if ((off_t)wanted > end - offset) most = (size_t)(end - offset);
    }
    errno = kept;
    return most;
}

// Where the next write goes; `at_the_end` wherever that is.
static off_t position(int fd)
{
    const int append = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
    return append ? at_the_end : lseek(fd, 0, SEEK_CUR);
}

static size_t total(const struct iovec* parts, int count)
{
    size_t bytes = 0;
    for (int at = 0; at < count; ++at) bytes += parts[at].iov_len;
    return bytes;
}

static ssize_t no_space(void)
{
    errno = ENOSPC;
    return -1;
}

ssize_t write(int fd, const void* bytes, size_t wanted)
{
    const size_t most = room(fd, position(fd), wanted);
    if (wanted > 0 && most == 0) return no_space();
    return REAL(write)(fd, bytes, most);
}

ssize_t pwrite(int fd, const void* bytes, size_t wanted, off_t offset)
{
    const size_t most = room(fd, offset, wanted);
    if (wanted > 0 && most == 0) return no_space();
    return REAL(pwrite)(fd, bytes, most, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t wanted, off64_t offset)
{
    return pwrite(fd, bytes, wanted, offset);
}

// Of several buffers all or nothing is written.
ssize_t writev(int fd, const struct iovec* parts, int count)
{
    const size_t wanted = total(parts, count);
    if (room(fd, position(fd), wanted) < wanted) return no_space();
    return REAL(writev)(fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset)
{
    const size_t wanted = total(parts, count);
    if (room(fd, offset, wanted) < wanted) return no_space();
    return REAL(pwritev)(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
    if (room(fd, offset, (size_t)length) < (size_t)length) return ENOSPC;
    return REAL(posix_fallocate)(fd, offset, length);
}
