#pragma once

#include <stdexcept>

// Why a backup or a restore ends. Each message names the thing and ends with a hint.
namespace exchange::backup {

// What is in a backup, or in the raw store, is not what was written.
class Damaged : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Something is in the place where it would go.
class Conflict : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A program or a disk that is needed is not there, or failed.
class Unavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace exchange::backup
