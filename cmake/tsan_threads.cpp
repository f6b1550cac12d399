// ThreadSanitizer intercepts pthread functions but none of C11's <threads.h>, which librdkafka
// uses: a thread it does not know crashes in its allocator, and locks it does not see look like
// races. Defined in the program, these take the place of the C library's for librdkafka, too.
// glibc's C11 types are its pthread types under other names.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

static_assert(sizeof(thrd_t) == sizeof(pthread_t));
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));

namespace {

struct Start {
    thrd_start_t function;
    void* argument;
};

void* run(void* start)
{
    const std::unique_ptr<Start> owned{static_cast<Start*>(start)};
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(owned->function(owned->argument)));
}

int status(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ENOMEM:
        return thrd_nomem;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    default:
        return thrd_error;
    }
}

pthread_mutex_t* posix(mtx_t* mutex)
{
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* posix(cnd_t* condition)
{
    return reinterpret_cast<pthread_cond_t*>(condition);
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument)
{
    auto start = std::make_unique<Start>(Start{function, argument});
    const int error = pthread_create(thread, nullptr, run, start.get());
    if (error == 0) start.release();
    return status(error);
}

int thrd_join(thrd_t thread, int* result)
{
    void* value = nullptr;
    const int error = pthread_join(thread, &value);
    if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(value));
    return status(error);
}

int thrd_detach(thrd_t thread)
{
    return status(pthread_detach(thread));
}

int mtx_init(mtx_t* mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if ((type & mtx_recursive) != 0)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    const int error = pthread_mutex_init(posix(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return status(error);
}

int mtx_lock(mtx_t* mutex)
{
    return status(pthread_mutex_lock(posix(mutex)));
}
int mtx_trylock(mtx_t* mutex)
{
    return status(pthread_mutex_trylock(posix(mutex)));
}
int mtx_unlock(mtx_t* mutex)
{
    return status(pthread_mutex_unlock(posix(mutex)));
}
void mtx_destroy(mtx_t* mutex)
{
    pthread_mutex_destroy(posix(mutex));
}

int cnd_init(cnd_t* condition)
{
    return status(pthread_cond_init(posix(condition), nullptr));
}
int cnd_signal(cnd_t* condition)
{
    return status(pthread_cond_signal(posix(condition)));
}
int cnd_broadcast(cnd_t* condition)
{
    return status(pthread_cond_broadcast(posix(condition)));
}
void cnd_destroy(cnd_t* condition)
{
    pthread_cond_destroy(posix(condition));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex)
{
    return status(pthread_cond_wait(posix(condition), posix(mutex)));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until)
{
    return status(pthread_cond_timedwait(posix(condition), posix(mutex), until));
}

}  // extern "C"
