#include "kafka/threads.hpp"

#include <boost/asio/query.hpp>

#include <system_error>

namespace exchange::kafka {

namespace asio = boost::asio;

asio::execution_context::id Threads::id;

Threads::Threads(asio::execution_context& context) : service{context} {}

Threads& Threads::of(const asio::any_io_executor& executor)
{
    return asio::use_service<Threads>(asio::query(executor, asio::execution::context));
}

Threads::~Threads()
{
    join_all();
}

void Threads::run(std::function<void()> work)
{
    {
        const std::lock_guard lock{mutex_};
        try {
            if (waiting_.size() >= idle_) threads_.emplace_back([this] { serve(); });
            waiting_.push_back(std::move(work));
            changed_.notify_one();
            return;
        } catch (const std::system_error&) {
            // The system has no thread to give: late is better than never.
        }
    }
    work();
}

void Threads::serve()
{
    std::unique_lock lock{mutex_};
    while (true) {
        if (waiting_.empty()) {
            if (ending_) return;
            ++idle_;
            changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
            --idle_;
            continue;
        }
        std::function<void()> work = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        work();
        // What it holds is released here, and before it counts as done.
        work = nullptr;
        lock.lock();
    }
}

// Called when the context begins to die, while it still accepts what the threads post. Work that
// arrives later, from handlers destroyed by the context, is joined by the destructor.
void Threads::shutdown()
{
    join_all();
}

void Threads::join_all()
{
    std::vector<std::thread> last;
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
        last.swap(threads_);
    }
    changed_.notify_all();
    for (std::thread& thread : last) thread.join();
}

}  // namespace exchange::kafka
