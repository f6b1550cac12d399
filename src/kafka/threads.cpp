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

void Threads::run(std::function<void()> work)
{
    // What `work` holds is released on its thread, not whenever the future happens to be dropped.
    const auto job = std::make_shared<std::function<void()>>(std::move(work));
    const auto perform = [job] {
        (*job)();
        *job = nullptr;
    };
    const std::lock_guard lock{mutex_};
    std::erase_if(running_, [](const std::future<void>& thread) {
        return thread.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    });
    try {
        running_.push_back(std::async(std::launch::async, perform));
    } catch (const std::system_error&) {
        // The system has no thread to give: late is better than never.
        perform();
    }
}

// Called when the context begins to die, while it still accepts what the threads post. Work that
// arrives later, from handlers destroyed by the context, is joined by the destructor.
void Threads::shutdown()
{
    std::vector<std::future<void>> last;
    {
        const std::lock_guard lock{mutex_};
        last.swap(running_);
    }
}

}  // namespace exchange::kafka
