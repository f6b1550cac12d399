#pragma once

#include "base/signal.hpp"
#include "kafka/errors.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

// Threads for librdkafka calls that block. They belong to the execution context (the io_context)
// they report to and are joined before it dies, so none of them can touch a dead executor or run
// on into the end of the process.
namespace exchange::kafka {

class Threads : public boost::asio::execution_context::service {
public:
    using key_type = Threads;
    static boost::asio::execution_context::id id;

    explicit Threads(boost::asio::execution_context& context);
    // The threads of the context behind `executor`; they live as long as the context.
    static Threads& of(const boost::asio::any_io_executor& executor);

    ~Threads() override;

    // Runs `work`, which must not throw, must end by itself and must not call `run`, at once: on a
    // thread that has nothing to do, or on a new one. From any thread but these.
    void run(std::function<void()> work);

private:
    void shutdown() override;
    void join_all();
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

// Awaits `work`, which blocks until about `deadline`, without blocking the event loop. Throws what
// `work` throws, and `Error{unavailable}` if it is still not back some seconds after the deadline;
// then, and when the await is cancelled, it goes on alone and its result is dropped: it must own
// what it uses.
template <class T>
boost::asio::awaitable<T> run_blocking(std::function<T()> work, TimePoint deadline)
{
    struct Call {
        explicit Call(boost::asio::any_io_executor executor) : done{std::move(executor)} {}
        Signal done;
        std::optional<T> value;
        std::exception_ptr error;
    };
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    const auto call = std::make_shared<Call>(executor);
    std::function<void()> job = [call, work = std::move(work)] {
        try {
            call->value.emplace(work());
        } catch (...) {
            call->error = std::current_exception();
        }
        call->done.notify();
    };
    Threads::of(executor).run(std::move(job));
    const bool done = co_await call->done.wait_until(deadline + std::chrono::seconds{10});
    if (!done)
        throw Error{Fault::unavailable, "Kafka client did not return from a call long after its "
                                        "deadline. Hint: check the brokers in KAFKA_BROKERS."};
    if (call->error) std::rethrow_exception(call->error);
    co_return std::move(*call->value);
}

}  // namespace exchange::kafka
