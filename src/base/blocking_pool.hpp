#pragma once

#include "base/time.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

// Named threads for calls that block, awaited from an event loop.
namespace exchange {

// Why a job has no result: the deadline came first, or too many jobs were waiting.
class BlockingPoolBusy : public std::exception {
public:
    const char* what() const noexcept override { return "blocking calls did not return in time"; }
};

class BlockingPool {
public:
    BlockingPool(const std::string& thread_name, std::size_t threads, std::size_t jobs_max);
    // Waits for the calls under way and drops those not begun.
    ~BlockingPool();
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    // The result of `call()` or what it threw, on the caller's executor. At the deadline throws
    // BlockingPoolBusy, although the call may still take place: it must own all it touches. The
    // caller's context must outlive the pool.
    template <class Call>
    boost::asio::awaitable<std::invoke_result_t<Call&>> run(Call call, TimePoint deadline);

private:
    struct Job {
        explicit Job(const boost::asio::any_io_executor& executor) : timer{executor} {}
        virtual ~Job() = default;
        virtual void call() = 0;

        boost::asio::steady_timer timer;
        std::atomic<bool> abandoned = false;
        bool done = false;
        std::exception_ptr failure;
    };
    template <class Call>
    struct JobOf;

    // Throws BlockingPoolBusy when full.
    void submit(std::shared_ptr<Job> job);
    void perform(std::shared_ptr<Job> job);

    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::size_t jobs_max_;
    std::atomic<std::size_t> jobs_ = 0;
    std::vector<std::thread> threads_;
};

template <class Call>
struct BlockingPool::JobOf final : Job {
    JobOf(const boost::asio::any_io_executor& executor, Call&& what)
        : Job{executor}, function{std::move(what)}
    {
    }
    void call() override { result = function(); }

    Call function;
    std::optional<std::invoke_result_t<Call&>> result;
};

template <class Call>
boost::asio::awaitable<std::invoke_result_t<Call&>> BlockingPool::run(Call call, TimePoint deadline)
{
    if (SteadyClock::now() >= deadline) throw BlockingPoolBusy{};
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto job = std::make_shared<JobOf<Call>>(executor, std::move(call));
    job->timer.expires_at(deadline);
    submit(job);
    co_await job->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    job->abandoned = true;
    if (!job->done) throw BlockingPoolBusy{};
    if (job->failure) std::rethrow_exception(job->failure);
    co_return std::move(*job->result);
}

}  // namespace exchange
