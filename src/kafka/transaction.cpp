#include "kafka/transaction.hpp"

#include "kafka/classify.hpp"

#include <chrono>
#include <thread>

namespace exchange::kafka {
namespace {

constexpr auto retry_pause = std::chrono::milliseconds{20};

// One of librdkafka's transactional calls, which takes what is left of the time in milliseconds.
using Call = rd_kafka_error_t* (*)(rd_kafka_t*, int);

std::optional<Error> call_until(Client& client, std::string_view what, Call call,
                                TimePoint deadline)
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

std::optional<Error> begin(Client& client)
{
    const KafkaError failed{rd_kafka_begin_transaction(client.handle())};
    if (!failed) return std::nullopt;
    return make_error("Kafka transaction", rd_kafka_error_code(failed.get()),
                      rd_kafka_error_string(failed.get()));
}

Ended end_and_begin(Client& client, std::string_view what, Call call, TimePoint deadline)
{
    Ended ended;
    ended.error = call_until(client, what, call, deadline);
    ended.usable = !ended.error && !begin(client);
    return ended;
}

}  // namespace

void take_transactional_id(const std::shared_ptr<Client>& client, TimePoint deadline)
{
    if (auto failed =
            call_until(*client, "Kafka transactional id", rd_kafka_init_transactions, deadline))
        throw std::move(*failed);
    if (auto failed = begin(*client)) throw std::move(*failed);
}

Ended commit_and_begin(const std::shared_ptr<Client>& client, TimePoint deadline)
{
    return end_and_begin(*client, "Kafka commit", rd_kafka_commit_transaction, deadline);
}

Ended abort_and_begin(const std::shared_ptr<Client>& client, TimePoint deadline)
{
    return end_and_begin(*client, "Kafka abort", rd_kafka_abort_transaction, deadline);
}

}  // namespace exchange::kafka
