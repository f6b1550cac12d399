#include "kafka/producer.hpp"

namespace exchange::kafka {

boost::asio::awaitable<std::vector<Delivery>>
Producer::send_once_cleared(std::vector<Message> messages, boost::asio::awaitable<void> cleared)
{
    co_await std::move(cleared);
    co_return co_await send(std::move(messages));
}

}  // namespace exchange::kafka
