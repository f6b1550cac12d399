#pragma once

#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <utility>

// Lets a few at a time do something that goes better with fewer at once, first come, first served.
// It orders and never stops anybody: who has waited long enough goes on without a turn.
namespace exchange {

class Turns {
    struct State;

public:
    explicit Turns(int at_once);

    // Ends when it is destroyed, or before; may outlive its Turns. From any thread.
    class Turn {
    public:
        Turn() = default;
        explicit Turn(std::shared_ptr<State> of) : of_{std::move(of)} {}
        Turn(Turn&& other) noexcept = default;
        Turn& operator=(Turn&& other) noexcept
        {
            std::swap(of_, other.of_);
            return *this;
        }
        ~Turn() { end(); }
        void end();
        bool taken() const { return of_ != nullptr; }

    private:
        std::shared_ptr<State> of_;
    };

    // From any executor. An empty turn at the deadline.
    boost::asio::awaitable<Turn> take(TimePoint deadline);

private:
    struct Waiter;

    static boost::asio::awaitable<Turn> take(std::shared_ptr<State> state, TimePoint deadline);

    std::shared_ptr<State> state_;
};

}  // namespace exchange
