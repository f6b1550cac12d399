#include "base/blocking_pool.hpp"

#include <pthread.h>

namespace exchange {

namespace asio = boost::asio;

BlockingPool::BlockingPool(const std::string& thread_name, std::size_t threads,
                           std::size_t jobs_max)
    : context_{static_cast<int>(threads)}, work_{context_.get_executor()}, jobs_max_{jobs_max}
{
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { context_.run(); });
        ::pthread_setname_np(threads_.back().native_handle(), thread_name.c_str());
    }
}

BlockingPool::~BlockingPool()
{
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
}

void BlockingPool::submit(std::shared_ptr<Job> job)
{
    if (jobs_.fetch_add(1) >= jobs_max_) {
        jobs_.fetch_sub(1);
        throw BlockingPoolBusy{};
    }
    asio::post(context_, [this, job = std::move(job)]() mutable { perform(std::move(job)); });
}

void BlockingPool::perform(std::shared_ptr<Job> job)
{
    if (!job->abandoned) {
        try {
            job->call();
        } catch (...) {
            job->failure = std::current_exception();
        }
        // Moved, so that the job and what it threw end on the caller's thread.
        const asio::any_io_executor executor = job->timer.get_executor();
        asio::post(executor, [job = std::move(job)] {
            job->done = true;
            job->timer.cancel();
        });
    }
    jobs_.fetch_sub(1);
}

}  // namespace exchange
