#pragma once

#include <stdexcept>
#include <string>

// Failures of Kafka, sorted by what the caller can do about them.
namespace exchange::kafka {

enum class Fault {
    unavailable,    // broker away, time-out, leader or coordinator moving: try again later
    topic_missing,  // the topic or partition does not exist
    denied,         // authentication or authorisation failed
    message_too_large,
    message_invalid,  // the broker refuses this message whenever it is sent
    fenced,           // another producer took our place
    fatal,            // this client object is of no more use: destroy it
};

// The message itself will never be taken, whenever and by whomever it is sent.
inline bool is_own_fault(Fault fault)
{
    return fault == Fault::message_too_large || fault == Fault::message_invalid;
}

class Error : public std::runtime_error {
public:
    // `message` ends with a hint: the setting or command that helps.
    Error(Fault fault, const std::string& message) : std::runtime_error{message}, fault_{fault} {}
    Fault fault() const { return fault_; }

private:
    Fault fault_;
};

}  // namespace exchange::kafka
