#include <pthread.h>
#include <threads.h>
#include <time.h>

#include <cerrno>

// librdkafka's timed waits end at a time of the wall clock. When that is set back meanwhile, they
// last so much longer: its threads sleep through their time-outs, for hours, and a producer that is
// destroyed is never done. Here they last as long as was meant.
namespace exchange::kafka {
namespace {

// glibc's C11 types are its pthread types under other names.
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));

constexpr long second_ns = 1'000'000'000;

timespec plus_rest_of(timespec steady, const timespec& until, const timespec& wall)
{
    steady.tv_sec += until.tv_sec - wall.tv_sec;
    steady.tv_nsec += until.tv_nsec - wall.tv_nsec;
    if (steady.tv_nsec >= second_ns) {
        ++steady.tv_sec;
        steady.tv_nsec -= second_ns;
    } else if (steady.tv_nsec < 0) {
        --steady.tv_sec;
        steady.tv_nsec += second_ns;
    }
    return steady;
}

}  // namespace
}  // namespace exchange::kafka

// In place of the C library's, which only librdkafka calls here: C++ and the other libraries have
// theirs from pthread.
extern "C" [[gnu::visibility("default")]] int cnd_timedwait(cnd_t* condition, mtx_t* lock,
                                                            const timespec* until)
{
    // The function by which librdkafka made `until`.
    timespec wall{};
    ::timespec_get(&wall, TIME_UTC);
    timespec steady{};
    ::clock_gettime(CLOCK_MONOTONIC, &steady);
    const timespec end = exchange::kafka::plus_rest_of(steady, *until, wall);
    // Of the distant past too: a wait that is over.
    const timespec now_or_later = end.tv_sec < 0 ? timespec{0, 0} : end;
    switch (::pthread_cond_clockwait(reinterpret_cast<pthread_cond_t*>(condition),
                                     reinterpret_cast<pthread_mutex_t*>(lock), CLOCK_MONOTONIC,
                                     &now_or_later)) {
    case 0:
        return thrd_success;
    case ETIMEDOUT:
        return thrd_timedout;
    default:
        return thrd_error;
    }
}
