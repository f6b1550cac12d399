#include "kafka/client.hpp"

#include "kafka/classify.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace exchange::kafka {
namespace {

constexpr int log_level_error = 3;

rd_kafka_t* open(rd_kafka_type_t type, Conf conf)
{
    std::array<char, 512> text{};
    rd_kafka_t* handle = rd_kafka_new(type, conf.get(), text.data(), text.size());
    if (!handle)
        throw std::invalid_argument{fmt::format(
            "Kafka client cannot be made: {}. Hint: check the KAFKA_* properties.", text.data())};
    // librdkafka owns it now.
    static_cast<void>(conf.release());
    return handle;
}

bool times_out(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

}  // namespace

Client::Client(rd_kafka_type_t type, Conf conf)
    : handle_{open(type, std::move(conf))}, events_{rd_kafka_queue_get_main(handle_)}
{
    rd_kafka_set_log_queue(handle_, nullptr);
}

Client::~Client()
{
    // Topics and queues must be given back before the handle that they belong to.
    topics_.clear();
    events_.reset();
    rd_kafka_destroy(handle_);
    // Only now does nobody write to it any more.
    if (wake_descriptor_ >= 0) ::close(wake_descriptor_);
}

int Client::wake_descriptor()
{
    if (wake_descriptor_ >= 0) return wake_descriptor_;
    wake_descriptor_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_descriptor_ < 0)
        throw std::system_error{errno, std::generic_category(), "eventfd for Kafka events"};
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(events_.get(), wake_descriptor_, &one, sizeof one);
    return wake_descriptor_;
}

rd_kafka_topic_t* Client::topic(const std::string& name)
{
    const auto known = topics_.find(name);
    if (known != topics_.end()) return known->second.get();
    Topic made{rd_kafka_topic_new(handle_, name.c_str(), nullptr)};
    if (!made) return nullptr;
    return topics_.emplace(name, std::move(made)).first->second.get();
}

bool Client::note(rd_kafka_event_t& event)
{
    if (rd_kafka_event_type(&event) == RD_KAFKA_EVENT_LOG) {
        const char* facility = nullptr;
        const char* text = nullptr;
        int level = 0;
        const bool read = rd_kafka_event_log(&event, &facility, &text, &level) == 0;
        if (!read || level > log_level_error) return false;
        const Fault fault = fault_told_in(text);
        if (trouble_.text.empty() || fault == Fault::denied) trouble_ = {fault, text};
        return false;
    }
    if (rd_kafka_event_type(&event) != RD_KAFKA_EVENT_ERROR) return false;
    const rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
    // A broker that refuses us often just hangs up when we try again: the refusal is the reason.
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT && trouble_.fault == Fault::denied) return false;
    // "All brokers down" comes after the errors that say why.
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || trouble_.text.empty())
        trouble_ = {classify(code), rd_kafka_event_error_string(&event)};
    return rd_kafka_event_error_is_fatal(&event) != 0;
}

void Client::note_waiting()
{
    while (const Event event{rd_kafka_queue_poll(events_.get(), 0)}) note(*event);
}

std::string Client::fatal_reason() const
{
    std::array<char, 512> text{};
    if (rd_kafka_fatal_error(handle_, text.data(), text.size()) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return {};
    return text.data();
}

int ms_until(TimePoint deadline)
{
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(
        left.count(), 0, std::numeric_limits<int>::max()));
}

Error explain(const Trouble& trouble, std::string_view what, rd_kafka_resp_err_t code)
{
    if (!times_out(code) || trouble.text.empty()) return make_error(what, code);
    const Fault fault = trouble.fault == Fault::denied ? Fault::denied : classify(code);
    return Error{fault, describe(what, code, fault, trouble.text)};
}

}  // namespace exchange::kafka
