#include "kafka/classify.hpp"

#include <fmt/format.h>

namespace exchange::kafka {

Fault classify(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return Fault::topic_missing;

    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
    case RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return Fault::denied;

    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return Fault::message_too_large;

    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
        return Fault::message_invalid;

    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return Fault::fenced;

    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
    case RD_KAFKA_RESP_ERR__INCONSISTENT:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__NOT_CONFIGURED:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    // A codec the broker does not know hits every message alike: it is no fault of the message.
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
        return Fault::fatal;

    default:
        return Fault::unavailable;
    }
}

Fault fault_told_in(std::string_view log_line)
{
    for (const rd_kafka_resp_err_t code : {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                           RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                                           RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED}) {
        if (log_line.find(rd_kafka_err2str(code)) != std::string_view::npos) return Fault::denied;
    }
    return Fault::unavailable;
}

std::string_view hint(Fault fault)
{
    switch (fault) {
    case Fault::unavailable:
        return "Hint: check that the brokers in KAFKA_BROKERS are up and reachable from here; "
               "`exchange check` tries them.";
    case Fault::topic_missing:
        return "Hint: create the topic with `exchange topics apply`, or check its name and "
               "partition count.";
    case Fault::denied:
        return "Hint: check the credentials and protocol (KAFKA_SASL_*, KAFKA_SECURITY_PROTOCOL, "
               "KAFKA_SSL_*) and this principal's ACLs and policies on the topic.";
    case Fault::message_too_large:
        return "Hint: raise max.message.bytes of the topic, or KAFKA_MESSAGE_MAX_BYTES here.";
    case Fault::message_invalid:
        return "Hint: the broker refuses this message each time; compare the topic's "
               "configuration with `exchange topics apply` and quarantine the message.";
    case Fault::fenced:
        return "Hint: another process publishes in our place; check that only one owns the lane.";
    case Fault::fatal:
        return "Hint: the client must be made anew; if it happens again, check the KAFKA_* "
               "properties with `exchange check`.";
    }
    return "Hint: `exchange check` tries every dependency.";
}

namespace {

// Until 2.6.1 librdkafka sent its own nonce twice, which Kafka refuses since 3.8.1 (CVE-2024-56128)
// as if the password were wrong.
std::string scram_hint(std::string_view detail)
{
    constexpr int repaired = 0x02060100;
    if (rd_kafka_version() >= repaired || detail.find("SCRAM") == std::string_view::npos) return {};
    return fmt::format(
        " SCRAM with Kafka 3.8.1 or later takes librdkafka 2.6.1; this is {}: if the "
        "credentials are right, use another KAFKA_SASL_MECHANISM.",
        rd_kafka_version_str());
}

}  // namespace

namespace {

// librdkafka stamps each message with this machine's time: the next one fares no better, and none
// is at fault.
std::string_view hint(rd_kafka_resp_err_t code, Fault fault)
{
    if (code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
        return "Hint: set this machine's clock, or the broker's: events that are further in its "
               "future than the topic's message.timestamp.after.max.ms are refused.";
    return kafka::hint(fault);
}

}  // namespace

std::string describe(std::string_view what, rd_kafka_resp_err_t code, Fault fault,
                     std::string_view detail)
{
    const char* words = rd_kafka_err2str(code);
    if (detail.empty() || detail == words)
        return fmt::format("{}: {}. {}", what, words, hint(code, fault));
    return fmt::format("{}: {} ({}). {}{}", what, words, detail, hint(code, fault),
                       fault == Fault::denied ? scram_hint(detail) : std::string{});
}

Error make_error(std::string_view what, rd_kafka_resp_err_t code, std::string_view detail)
{
    const Fault fault = classify(code);
    return Error{fault, describe(what, code, fault, detail)};
}

}  // namespace exchange::kafka
