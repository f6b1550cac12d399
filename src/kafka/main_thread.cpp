#include <dlfcn.h>
#include <sys/prctl.h>
#include <threads.h>
#include <time.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

// librdkafka before 2.4 sleeps in whole milliseconds. When its main thread has a timer that is due
// within one, it looks at its queue and its timers over and over until then (rdkafka.c,
// rd_kafka_thread_main), and there is such a timer before each transaction's first message. So a
// window costs a millisecond of a processor, just when Postgres and the raw store have most to do.
// Here its main threads rest between such looks: docs/adr/2026-11-26-kafkas-main-thread-rests.md.
namespace exchange::kafka {
namespace {

// The kernel adds some 50 µs.
constexpr timespec rest{0, 50'000};

// Who looks at timers and a queue and finds nothing to do takes two locks in the order A B A, again
// and again. Work takes others in between, or one of them more often.
class Looks {
public:
    // True when it is time for a rest.
    bool note(const mtx_t* lock)
    {
        const bool known = lock == last_ || lock == other_;
        in_a_row_ = lock == last_ ? in_a_row_ + 1 : 1;
        if (lock != last_) other_ = std::exchange(last_, lock);
        count_ = known && in_a_row_ <= 2 ? count_ + 1 : 0;
        if (count_ < many) return false;
        count_ = 0;
        return true;
    }

private:
    // Three locks a look.
    static constexpr int many = 24;
    const mtx_t* last_ = nullptr;
    const mtx_t* other_ = nullptr;
    int in_a_row_ = 0;
    int count_ = 0;
};

class Thread {
public:
    void takes(const mtx_t* lock)
    {
        if (kind_ == Kind::unknown) kind_ = is_main() ? Kind::main : Kind::other;
        if (kind_ == Kind::main && looks_.note(lock)) ::nanosleep(&rest, nullptr);
    }

private:
    enum class Kind { unknown, main, other };

    // librdkafka gives its threads names before they take their first lock.
    static bool is_main()
    {
        std::array<char, 16> name{};
        ::prctl(PR_GET_NAME, name.data());
        return std::string_view{name.data()} == "rdk:main";
    }

    Kind kind_ = Kind::unknown;
    Looks looks_;
};

thread_local constinit Thread thread;

}  // namespace
}  // namespace exchange::kafka

// In place of the C library's, by which librdkafka takes all its locks and nobody else here does:
// C++ and the other libraries have theirs from pthread.
extern "C" [[gnu::visibility("default")]] int mtx_lock(mtx_t* lock)
{
    using Lock = int(mtx_t*);
    static Lock* const take = reinterpret_cast<Lock*>(::dlsym(RTLD_NEXT, "mtx_lock"));
    if (take == nullptr) std::abort();
    exchange::kafka::thread.takes(lock);
    return take(lock);
}
