/* SPDX-License-Identifier: MIT */
/*
 * A crowd of coroutines, all alive together, all waiting for the same door to open. The first
 * argument says how many; a million takes some 4 GB.
 *
 *     for i := 0; i < n; i++ { go func() { <-door; atomic.AddInt64(&through, 1); wg.Done() }() }
 *     close(door)
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CROWD = 100000 };

static struct co_chan *door;
static struct co_waitgroup waiting, all;
static atomic_long through;

static void go_through(void *arg)
{
    (void)arg;
    co_waitgroup_done(&waiting);
    if (co_chan_recv(door, NULL) == CO_CHAN_CLOSED)
        atomic_fetch_add(&through, 1);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    const long *count = arg;
    door = co_chan_make(0, 0);
    co_ensure(door);
    co_waitgroup_add(&waiting, *count);
    co_waitgroup_add(&all, *count);
    for (long i = 0; i < *count; i++)
        co_ensure(co_spawn(go_through, NULL));
    co_waitgroup_wait(&waiting);
    printf("%zu wait before the door\n", co_runtime_alive() - 1);
    co_chan_close(door);
    co_waitgroup_wait(&all);
    printf("%ld have gone through it\n", atomic_load(&through));
    co_chan_free(&door);
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : CROWD;
    return co_runtime_run(NULL, program, &count) == 0 ? 0 : 1;
}
