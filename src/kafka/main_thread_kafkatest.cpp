#include "kafka/transactional_fixture.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace exchange::kafka {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

// Processor time of each of librdkafka's main threads in this process.
std::map<std::string, Milliseconds> main_threads()
{
    std::map<std::string, Milliseconds> times;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string name;
        std::getline(std::ifstream{thread.path() / "comm"}, name);
        std::int64_t ns = 0;
        std::ifstream{thread.path() / "schedstat"} >> ns;
        if (name == "rdk:main") times[thread.path().filename()] = std::chrono::nanoseconds{ns};
    }
    return times;
}

// The timer before a transaction's first message is one millisecond: who looked for it all the time
// would take as much alone. Of several tries the best, since a busy machine only adds.
TEST_F(Transactional, costs_the_clients_main_thread_less_than_the_timer_before_its_first_message)
{
    constexpr int tries = 5;
    constexpr int transactions = 20;
    const auto producer = open(unique_topic_name());
    Milliseconds best = Milliseconds::max();
    int sent = 0;
    for (int attempt = 0; attempt < tries; ++attempt) {
        const auto before = main_threads();
        ASSERT_FALSE(before.empty());
        for (int at = 0; at < transactions; ++at) send(*producer, numbered(topic, sent++, 1));
        Milliseconds taken{};
        for (const auto& [thread, time] : main_threads())
            if (const auto known = before.find(thread); known != before.end())
                taken += time - known->second;
        best = std::min(best, taken / transactions);
    }
    EXPECT_GT(best.count(), 0.01);
    EXPECT_LT(best.count(), 1.0);
    EXPECT_EQ(values().size(), static_cast<std::size_t>(sent));
}

}  // namespace
}  // namespace exchange::kafka
