#include "objects/file_errors.hpp"

#include "objects/raw_store.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <system_error>

namespace exchange::objects {
namespace {

struct Verdict {
    StoreFault fault;
    std::string_view hint;
};

Verdict verdict_of(int error)
{
    switch (error) {
    case ENOENT:
        return {StoreFault::bucket_missing,
                "create the directory (is its disk mounted?) or correct RAW_STORE"};
    case EACCES:
    case EPERM:
        return {StoreFault::denied, "this process's user must own the directory of RAW_STORE"};
    case ENAMETOOLONG:
        return {StoreFault::denied, "a part of a key may have 255 bytes in a directory store"};
    case ENOTDIR:
    case EISDIR:
        return {StoreFault::denied,
                "in a directory store a key cannot go on where another object's key ends"};
    case ENOSPC:
    case EDQUOT:
        return {StoreFault::unavailable, "free space there, or point RAW_STORE elsewhere"};
    case EROFS:
        return {StoreFault::unavailable, "the disk is mounted read-only; look at the kernel's log"};
    default:
        return {StoreFault::unavailable, "look at the disk of RAW_STORE"};
    }
}

}  // namespace

void throw_file_error(int error, const std::string& root, std::string_view doing)
{
    const Verdict verdict = verdict_of(error);
    std::string message = "directory '" + root + "': ";
    message.append(doing).append(": ").append(std::generic_category().message(error));
    message.append(". Hint: ").append(verdict.hint).append(".");
    throw StoreError{verdict.fault, message};
}

bool directory_exists(const std::string& path)
{
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace exchange::objects
