/* SPDX-License-Identifier: MIT */
#include "server/cmd/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/poller.h"
#include "coro/runtime.h"

static void set_of_stops(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void stop_signals_block(void)
{
    static const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGXFSZ};
    sigset_t set;
    set_of_stops(&set);
    co_ensure(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    /* None of these may end a bank by chance. */
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        co_ensure(signal(ignored[i], SIG_IGN) != SIG_ERR);
    co_runtime_dump_on_quit();
}

int stop_signals_wait(struct co_context *context)
{
    sigset_t set;
    struct signalfd_siginfo info;
    int number = 0;
    set_of_stops(&set);
    /* A descriptor, so that a coroutine can wait for a signal. */
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    co_ensure(fd >= 0);
    while (number == 0 && co_context_err(context) == CO_CONTEXT_OK) {
        enum co_poller_status status = co_poller_wait(context, fd, CO_POLLER_READ);
        if (status == CO_POLLER_READY && read(fd, &info, sizeof info) == sizeof info)
            number = (int)info.ssi_signo;
        else if (status == CO_POLLER_FAILED) /* memory is short, and a stop must be heard still */
            co_sleep(CO_CLOCK_S);
    }
    co_poller_forget(fd);
    close(fd);
    return number;
}
