#include "kafka/transaction.hpp"

#include "kafka/classify.hpp"

#include <chrono>
#include <thread>

namespace exchange::kafka {
namespace {

constexpr auto retry_pause = std::chrono::milliseconds{20};
// Many times what a broker needs to answer.
constexpr auto answer_pause = std::chrono::milliseconds{200};

// One of librdkafka's transactional calls, which takes what is left of the time in milliseconds.
using Call = rd_kafka_error_t* (*)(rd_kafka_t*, int);

Failed call_until(Client& client, std::string_view what, Call call, TimePoint deadline)
{
    while (true) {
        const KafkaError failed{call(client.handle(), ms_until(deadline))};
        if (!failed) return std::nullopt;
        const bool again = rd_kafka_error_is_retriable(failed.get()) != 0;
        if (again && SteadyClock::now() + retry_pause < deadline) {
            std::this_thread::sleep_for(retry_pause);
            continue;
        }
        return make_error(what, rd_kafka_error_code(failed.get()),
                          rd_kafka_error_string(failed.get()));
    }
}

}  // namespace

void take_transactional_id(const std::shared_ptr<Client>& client, TimePoint deadline)
{
    if (auto failed =
            call_until(*client, "Kafka transactional id", rd_kafka_init_transactions, deadline))
        throw std::move(*failed);
    if (auto failed = begin_transaction(client, deadline)) throw std::move(*failed);
}

Failed commit_transaction(const std::shared_ptr<Client>& client, TimePoint deadline)
{
    return call_until(*client, "Kafka commit", rd_kafka_commit_transaction, deadline);
}

Failed abort_transaction(const std::shared_ptr<Client>& client, TimePoint deadline)
{
    return call_until(*client, "Kafka abort", rd_kafka_abort_transaction, deadline);
}

void leave_transaction(Client& client)
{
    // Begins to abort, for which librdkafka's main thread is waited for, and does not wait for the
    // end. Without a transaction it is refused.
    const KafkaError ignored{rd_kafka_abort_transaction(client.handle(), 0)};
    std::this_thread::sleep_for(answer_pause);
}

Failed begin_transaction(const std::shared_ptr<Client>& client, TimePoint)
{
    const KafkaError failed{rd_kafka_begin_transaction(client->handle())};
    if (!failed) return std::nullopt;
    return make_error("Kafka transaction", rd_kafka_error_code(failed.get()),
                      rd_kafka_error_string(failed.get()));
}

}  // namespace exchange::kafka
