/* watch.c: one POSIX timer for each box that ever needed one, SIGVTALRM to the thread that runs it.
 * The signal carries its watch, so nothing here is global. SA_NODEFER because `late` may leave the
 * handler by siglongjmp, which restores no mask. */
#include "script/limits/watch.h"

#include <signal.h>
#include <string.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    if (info->si_code != SI_TIMER)
        return; // somebody's kill(2)
    struct watch *watch = info->si_value.sival_ptr;
    if (watch->armed)
        watch->late(watch->ctx);
}

static bool make(struct watch *watch)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    event.sigev_value.sival_ptr = watch;
    event.sigev_notify_thread_id = gettid();
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGVTALRM, &action, NULL) || timer_create(CLOCK_MONOTONIC, &event, &watch->timer))
        return false;
    watch->thread = gettid();
    return true;
}

static bool set(struct watch *watch, uint64_t ns)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)}};
    if (!ns)
        when.it_value.tv_nsec = 1;
    return timer_settime(watch->timer, 0, &when, NULL) == 0;
}

bool watch_arm(struct watch *watch, uint64_t ns)
{
    if (watch->thread && watch->thread != gettid())
        watch_clear(watch);
    if (!watch->thread && !make(watch))
        return false;
    watch->armed = true;
    return set(watch, ns);
}

void watch_again(struct watch *watch, uint64_t ns)
{
    (void)set(watch, ns); // only setting: timer_settime may be called from a handler
}

void watch_disarm(struct watch *watch)
{
    if (!watch->armed)
        return;
    struct itimerspec never = {0};
    watch->armed = false;
    timer_settime(watch->timer, 0, &never, NULL);
}

void watch_clear(struct watch *watch)
{
    watch_disarm(watch);
    if (watch->thread)
        timer_delete(watch->timer);
    watch->thread = 0;
}
