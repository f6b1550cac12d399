#pragma once

#include "outbox/pins.hpp"
#include "outbox/quarantine.hpp"

#include <set>

// Whether this database, this Postgres and this Kafka belong together, asked by each lane before a
// generation and before each window. On the relay's executor.
namespace exchange::outbox {

class Standing {
public:
    virtual ~Standing() = default;
    // Asks Postgres, and pins what was never pinned. Throws pg::Unavailable and pg::Refused.
    virtual boost::asio::awaitable<std::optional<Halt>> look() = 0;
    // What is known without asking.
    virtual std::optional<Halt> known() const = 0;
    // Topics, by full name, that are missing for longer than a blip: their events wait in
    // quarantine, so that those of other topics flow.
    virtual const std::set<std::string>& missing_topics() const = 0;
    // The least max.message.bytes of the topics; 0 while it is not known.
    virtual std::int64_t message_bytes() const = 0;
    // Of a lane that we own: topics that it may write to, and whose events wait in quarantine since
    // it might not. They are released. None where the lane is not ours.
    virtual void set_allowed(LaneId lane, const std::set<std::string>& topics) = 0;
};

class PinnedStanding final : public Standing {
public:
    PinnedStanding(boost::asio::any_io_executor executor, pg::ConnectConfig config)
        : executor_{std::move(executor)}, config_{std::move(config)}
    {
    }

    boost::asio::awaitable<std::optional<Halt>> look() override;
    std::optional<Halt> known() const override { return kafka_ ? kafka_ : postgres_; }

    const std::set<std::string>& missing_topics() const override { return missing_topics_; }
    std::int64_t message_bytes() const override { return message_bytes_; }
    void set_allowed(LaneId lane, const std::set<std::string>& topics) override;
    const AllowedTopics& allowed() const { return allowed_; }

    // What the monitors found of Kafka; nothing when it is as it was.
    void set_kafka(std::optional<Halt> halt) { kafka_ = std::move(halt); }
    void set_missing_topics(std::set<std::string> topics) { missing_topics_ = std::move(topics); }
    void set_message_bytes(std::int64_t bytes) { message_bytes_ = bytes; }
    void set_postgres(std::optional<Halt> halt) { postgres_ = std::move(halt); }

private:
    boost::asio::any_io_executor executor_;
    pg::ConnectConfig config_;
    std::optional<Halt> kafka_;
    std::optional<Halt> postgres_;
    std::set<std::string> missing_topics_;
    std::int64_t message_bytes_ = 0;
    AllowedTopics allowed_;
};

}  // namespace exchange::outbox
