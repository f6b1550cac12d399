#pragma once

#include <stdexcept>
#include <string>

// Failures of Postgres itself, as opposed to answers we do not like.
namespace exchange::pg {

// No answer within the deadline, connection lost or refused, server starting, stopping, out of
// room or read-only (SQLSTATE 08*, 53*, 57*, 58*, 25006), serialization failure or lock time-out
// (40*, 55P03). The caller may try again. Whether a commit under way took place is not known.
class Unavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The server let us not in: SQLSTATE class 28, or it asks for a password and there is none. What
// serves tries again, since an operator may put it right meanwhile.
class Denied : public Unavailable {
public:
    using Unavailable::Unavailable;
};

// The server understood and refused: a constraint, a missing right, a wrong statement. Repeating
// it will not help. Messages hold the SQLSTATE, the server's primary message and a hint; never
// DETAIL or parameter values, which may carry what a client sent.
class Refused : public std::runtime_error {
public:
    Refused(std::string sqlstate, const std::string& message)
        : std::runtime_error{message}, sqlstate_{std::move(sqlstate)}
    {
    }
    const std::string& sqlstate() const { return sqlstate_; }

private:
    std::string sqlstate_;
};

}  // namespace exchange::pg
