#pragma once

#include "base/time.hpp"
#include "pg/session.hpp"

#include <string>
#include <vector>

// How many lanes each of several relay processes owns: all of them say in Postgres that they are
// alive, read who is, and conclude the same shares. Who has more than its share hands lanes over;
// who has less looks for free ones. It spreads work; what keeps the log right is the lease's epoch
// and Kafka's fencing.
namespace exchange::outbox {

// The share of `me` when `alive` (elders first) own `lanes` evenly; elders take what is left over,
// so that a newcomer moves as few as can be. All lanes for one who is not among them: alone.
std::size_t lane_share(std::size_t lanes, const std::vector<std::string>& alive,
                       const std::string& me);

// The register of relay processes. Throws pg::Unavailable and pg::Refused.
class RelayRegister {
public:
    RelayRegister(boost::asio::any_io_executor executor, pg::ConnectConfig config,
                  std::string owner, Duration ttl);

    // Counts us as alive for another `ttl`, and answers who is, elders first.
    boost::asio::awaitable<std::vector<std::string>> beat();
    boost::asio::awaitable<void> leave();

private:
    pg::Session session_;
    std::string owner_;
    Duration ttl_;
};

}  // namespace exchange::outbox
