#pragma once

#include "base/ids.hpp"
#include "sim/broker.hpp"

namespace exchange::sim {

// Transactional or idempotent, as the plan says; takes all ids of the lane first
// (kafka/producer.hpp has the contract).
boost::asio::awaitable<std::unique_ptr<kafka::Producer>> open_producer(Broker& broker, LaneId lane,
                                                                       bool one_by_one);

}  // namespace exchange::sim
