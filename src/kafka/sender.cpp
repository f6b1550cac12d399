#include "kafka/sender.hpp"

#include "base/failpoint.hpp"
#include "kafka/classify.hpp"
#include "kafka/threads.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <unistd.h>

namespace exchange::kafka {

namespace asio = boost::asio;

namespace {

// After so many events the loop gets a turn; a delivery event carries up to thousands of reports.
constexpr int events_per_turn = 32;

// Once broken: how long what is under way may still be answered, and how often we look.
constexpr Duration broken_patience = std::chrono::seconds{1};
constexpr Duration broken_pause = std::chrono::milliseconds{20};

constexpr char not_sent[] = "Not sent, for an earlier message failed. ";

void read_wakes(int descriptor)
{
    std::uint64_t count = 0;
    // Nothing to read is fine: the queue is looked at anyhow.
    static_cast<void>(::read(descriptor, &count, sizeof count));
}

}  // namespace

struct Sender::Batch {
    Batch(asio::any_io_executor executor, std::vector<Message> of)
        : messages{std::move(of)},
          slots(messages.size()),
          unsettled{messages.size()},
          done{std::move(executor)}
    {
        for (Slot& slot : slots) slot.batch = this;
    }

    std::vector<Message> messages;
    std::vector<Slot> slots;
    // Messages without a verdict.
    std::size_t unsettled;
    // The first message not yet handed over, and how many librdkafka still has to report on.
    std::size_t next = 0;
    std::size_t inside = 0;
    // Cancelled when the last verdict is in or the sender is broken.
    asio::steady_timer done;
};

Sender::Sender(asio::any_io_executor executor, std::shared_ptr<Client> client, Duration patience,
               Farewell farewell)
    : executor_{executor},
      client_{std::move(client)},
      threads_{Threads::of(executor)},
      wakes_{executor},
      patience_{patience},
      farewell_{farewell}
{
}

Sender::~Sender()
{
    close();
}

void Sender::start()
{
    wakes_.assign(client_->wake_descriptor());
    // Events may have come before the descriptor was there to tell of them.
    drain();
}

asio::awaitable<std::vector<Delivery>> Sender::send(std::shared_ptr<Sender> self,
                                                    std::vector<Message> messages)
{
    if (!self->broken_.empty())
        throw Error{Fault::fatal, "This Kafka producer may send no more: " + self->broken_};
    const auto batch = std::make_shared<Batch>(self->executor_, std::move(messages));
    if (batch->unsettled > 0) {
        self->waiting_.push_back(batch);
        self->owed_.push_back(batch);
        self->last_progress_ = SteadyClock::now();
        self->pump();
    }
    while (batch->unsettled > 0) {
        batch->done.expires_at(self->next_look());
        co_await batch->done.async_wait(asio::as_tuple(asio::use_awaitable));
        if (batch->unsettled > 0) self->look_after_late_verdicts();
    }
    std::vector<Delivery> deliveries;
    deliveries.reserve(batch->slots.size());
    for (Slot& slot : batch->slots) deliveries.push_back(std::move(slot.delivery));
    co_return deliveries;
}

void Sender::close()
{
    if (!client_) return;
    // The descriptor stays open: librdkafka may write to it until its threads have ended.
    if (wakes_.is_open()) wakes_.release();
    abandon("The Kafka producer was closed before the answer came.");
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                          RD_KAFKA_PURGE_F_NON_BLOCKING);
    threads_.run([client = std::move(client_), farewell = farewell_]() mutable {
        if (farewell) farewell(*client);
        client.reset();
    });
    client_.reset();
}

void Sender::watch()
{
    auto on_wake = [self = shared_from_this()](boost::system::error_code failed) {
        if (failed || !self->client_) return;
        read_wakes(self->wakes_.native_handle());
        self->drain();
    };
    wakes_.async_wait(asio::posix::stream_descriptor::wait_read, std::move(on_wake));
}

void Sender::drain()
{
    for (int events = 0; events < events_per_turn; ++events) {
        const Event event{rd_kafka_queue_poll(client_->events(), 0)};
        if (!event) {
            pump();
            // The next event finds the queue empty and so writes to the descriptor.
            watch();
            return;
        }
        handle(*event);
    }
    pump();
    asio::post(executor_, [self = shared_from_this()] {
        if (self->client_) self->drain();
    });
}

void Sender::handle(rd_kafka_event_t& event)
{
    if (rd_kafka_event_type(&event) == RD_KAFKA_EVENT_DR) {
        last_progress_ = SteadyClock::now();
        while (const rd_kafka_message_t* message = rd_kafka_event_message_next(&event))
            on_report(*message);
        return;
    }
    if (client_->note(event))
        break_off(fmt::format("{} {}", client_->fatal_reason(), hint(Fault::fatal)));
}

void Sender::on_report(const rd_kafka_message_t& message)
{
    Slot& slot = *static_cast<Slot*>(message._private);
    Batch& batch = *slot.batch;
    const bool failed = message.err != RD_KAFKA_RESP_ERR_NO_ERROR;
    Delivery delivery{.offset = message.offset, .fault = {}, .reason = {}};
    if (failed)
        delivery = verdict(message.err, rd_kafka_topic_name(message.rkt), message.partition);
    else client_->forget_trouble();
    const std::string reason = delivery.reason;
    settle(slot, std::move(delivery));
    if (failed) break_off(reason);
    if (--batch.inside == 0 && batch.next == batch.messages.size())
        std::erase_if(owed_, [&](const auto& owed) { return owed.get() == &batch; });
}

void Sender::pump()
{
    while (broken_.empty() && !waiting_.empty()) {
        const std::shared_ptr<Batch> batch = waiting_.front();
        while (batch->next < batch->messages.size()) {
            const Message& message = batch->messages[batch->next];
            Slot& slot = batch->slots[batch->next];
            const rd_kafka_resp_err_t code = handover_.produce(*client_, message, &slot);
            if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return;
            ++batch->next;
            if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
                ++batch->inside;
                failpoint("kafka/handed-over");
                continue;
            }
            Delivery delivery = verdict(code, message.topic, message.partition);
            const std::string reason = delivery.reason;
            settle(slot, std::move(delivery));
            break_off(reason);
            return;
        }
        waiting_.pop_front();
    }
}

Delivery Sender::verdict(rd_kafka_resp_err_t code, std::string_view topic,
                         std::int32_t partition) const
{
    if (code == RD_KAFKA_RESP_ERR__PURGE_QUEUE && !broken_.empty())
        return {.offset = -1, .fault = Fault::unavailable, .reason = not_sent + broken_};
    const Trouble& trouble = client_->trouble();
    Fault fault = classify(code);
    // Refused credentials show only as messages that time out.
    if (fault == Fault::unavailable && trouble.fault == Fault::denied) fault = Fault::denied;
    const bool explained = fault == Fault::unavailable || fault == Fault::denied;
    const std::string what = fmt::format("Kafka {}[{}]", topic, partition);
    return {.offset = -1,
            .fault = fault,
            .reason = describe(what, code, fault, explained ? trouble.text : std::string{})};
}

void Sender::settle(Slot& slot, Delivery delivery)
{
    if (slot.settled) return;
    slot.settled = true;
    slot.delivery = std::move(delivery);
    if (--slot.batch->unsettled == 0) slot.batch->done.cancel();
}

void Sender::settle_rest(Batch& batch, std::size_t from, const std::string& why)
{
    for (std::size_t i = from; i < batch.slots.size(); ++i) {
        Delivery delivery{.offset = -1, .fault = Fault::unavailable, .reason = why};
        settle(batch.slots[i], std::move(delivery));
    }
}

void Sender::break_off(std::string why)
{
    if (!broken_.empty()) return;
    broken_ = std::move(why);
    broken_at_ = SteadyClock::now();
    // What is under way may get its true verdict yet; what is queued must not follow a message that
    // failed.
    purge_queue();
    for (const auto& batch : waiting_) {
        settle_rest(*batch, batch->next, not_sent + broken_);
        batch->next = batch->messages.size();
        if (batch->inside == 0) std::erase(owed_, batch);
    }
    waiting_.clear();
    // Who waits must look again soon.
    for (const auto& batch : owed_) batch->done.cancel();
}

void Sender::abandon(std::string why)
{
    why = fmt::format("{} {}", why, hint(Fault::unavailable));
    for (const auto& batch : owed_) settle_rest(*batch, 0, why);
    break_off(std::move(why));
}

TimePoint Sender::next_look() const
{
    return broken_.empty() ? last_progress_ + patience_ : SteadyClock::now() + broken_pause;
}

void Sender::look_after_late_verdicts()
{
    const TimePoint now = SteadyClock::now();
    if (broken_.empty()) {
        if (now >= last_progress_ + patience_)
            abandon("The Kafka client owes verdicts and is silent.");
    } else if (now >= broken_at_ + broken_patience) {
        abandon("Not answered before the producer was given up.");
    } else {
        // librdkafka puts what it wants to try again back into the queue, where it would wait for
        // its timeout.
        purge_queue();
    }
}

void Sender::purge_queue()
{
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

}  // namespace exchange::kafka
