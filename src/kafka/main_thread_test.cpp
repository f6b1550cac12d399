#include <gtest/gtest.h>

#include <pthread.h>
#include <sys/resource.h>
#include <threads.h>

#include <array>
#include <thread>

// mtx_lock as this program has it.
namespace exchange::kafka {
namespace {

constexpr int rounds = 800;

class Locks {
public:
    Locks()
    {
        for (mtx_t& lock : all_) mtx_init(&lock, mtx_plain);
    }
    ~Locks()
    {
        for (mtx_t& lock : all_) mtx_destroy(&lock);
    }
    Locks(const Locks&) = delete;
    Locks& operator=(const Locks&) = delete;

    void take(std::size_t which)
    {
        mtx_lock(&all_[which]);
        mtx_unlock(&all_[which]);
    }

private:
    std::array<mtx_t, 3> all_{};
};

long times_off_the_processor()
{
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
}

// How often a thread of that name rested while it took locks that nobody else wants.
template <class Take>
long rests_of(const char* name, Take take)
{
    long rests = 0;
    std::thread{[&] {
        pthread_setname_np(pthread_self(), name);
        Locks locks;
        take(locks);
        const long before = times_off_the_processor();
        for (int round = 0; round < rounds; ++round) take(locks);
        rests = times_off_the_processor() - before;
    }}.join();
    return rests;
}

void look(Locks& locks)
{
    locks.take(0);
    locks.take(1);
    locks.take(0);
}

void look_and_work(Locks& locks)
{
    look(locks);
    locks.take(2);
}

void count_messages(Locks& locks)
{
    locks.take(0);
}

// A thread may leave its processor for other reasons now and then: a page that is not there.
constexpr long hardly_any = rounds / 100;

TEST(MainThread, rests_when_it_only_looks)
{
    EXPECT_GE(rests_of("rdk:main", look), rounds / 10);
}

TEST(MainThread, does_not_rest_at_work)
{
    EXPECT_LT(rests_of("rdk:main", look_and_work), hardly_any);
    EXPECT_LT(rests_of("rdk:main", count_messages), hardly_any);
}

TEST(MainThread, leaves_other_threads_alone)
{
    EXPECT_LT(rests_of("rdk:broker1", look), hardly_any);
}

}  // namespace
}  // namespace exchange::kafka
