#pragma once

#include "kafka/client.hpp"
#include "kafka/errors.hpp"

#include <memory>
#include <optional>

// librdkafka's transactional calls, each of which blocks until it is done or the deadline is over.
// Called on one of `Threads`; other threads may use the client's queue meanwhile. What librdkafka
// calls retriable is tried again here.
namespace exchange::kafka {

// Takes the client's transactional id: the broker ends what a former producer with it left open and
// refuses all it sends from now on. A transaction is begun, so that messages may follow. Throws
// `Error`.
void take_transactional_id(const std::shared_ptr<Client>& client, TimePoint deadline);

// Why that may not have been done; nothing when it was. To begin asks nothing of the broker, but
// waits for librdkafka's main thread.
using Failed = std::optional<Error>;
Failed commit_transaction(const std::shared_ptr<Client>& client, TimePoint deadline);
Failed abort_transaction(const std::shared_ptr<Client>& client, TimePoint deadline);
Failed begin_transaction(const std::shared_ptr<Client>& client, TimePoint deadline);

// To be called before the client is destroyed: from here on it asks for nothing more in the name of
// a transaction that is open, and what it asked has had time to be answered. Destroyed while it
// asks to add a partition, librdkafka (2.0.2) may find that answered more often than asked, and
// ends the process.
void leave_transaction(Client& client);

}  // namespace exchange::kafka
