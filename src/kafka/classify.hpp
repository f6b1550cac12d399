#pragma once

#include "kafka/errors.hpp"

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

// From librdkafka's error codes to our faults and sentences. Pure, but for the code names it asks
// librdkafka for.
namespace exchange::kafka {

// What the caller can do about `code`. Codes that are not listed are `unavailable`: trying again
// later, with back-off, is never wrong.
Fault classify(rd_kafka_resp_err_t code);

// Of a line of librdkafka's log: `denied` where it quotes the broker's refusal, else `unavailable`.
// Why a transaction failed before its first message was sent, librdkafka tells nowhere else.
Fault fault_told_in(std::string_view log_line);

// "Hint: …", naming the setting or command that helps.
std::string_view hint(Fault fault);

// "<what>: <code in words> (<detail>). Hint: …"; `detail` may be empty.
std::string describe(std::string_view what, rd_kafka_resp_err_t code, Fault fault,
                     std::string_view detail);

Error make_error(std::string_view what, rd_kafka_resp_err_t code, std::string_view detail = {});

}  // namespace exchange::kafka
