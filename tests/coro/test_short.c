/* SPDX-License-Identifier: MIT */
/* A program that uses the short names; that there is one for each, tests/coro/names.sh sees. */
#include "coro/short.h"

#include "coro/chan_of.h"
#include "coro/clock.h"
#include "coro/go.h"
#include "coro/mutex.h"
#include "tests/coro/suites.h"

CHAN_OF(int)

/* Variables and members may have the names of structs. */
struct till {
    struct co_mutex mutex;
    int chan;
};
static struct till till;

GO_FUNCTION(send_three, (SENDER(int), out))
{
    for (int i = 1; i <= 3; i++)
        ensure(CHAN_SEND(out, i) == CHAN_OK);
    CHAN_CLOSE(out);
}

static void short_names_are_the_same(void)
{
    struct co_waitgroup group = {0};
    CHAN(int) chan = CHAN_MAKE(int, 0);
    CU_ASSERT_FATAL(!CHAN_IS_NULL(chan));
    CU_ASSERT(waitgroup_go(&group, send_three, SENDER_OF(int, chan)));
    CHAN_RANGE(int, item, chan)
    {
        mutex_lock(&till.mutex);
        till.chan += item;
        mutex_unlock(&till.mutex);
    }
    waitgroup_wait(&group);
    CU_ASSERT_EQUAL(till.chan, 6);
    int item;
    struct select_case cases[] = {RECV_CASE(chan, &item)};
    CU_ASSERT_EQUAL(select_timeout(cases, 1, CLOCK_S), 0);
    CU_ASSERT_EQUAL(cases[0].status, CHAN_CLOSED);
    CHAN_FREE(&chan);
}

static const struct unit_test tests[] = {
    {"short_names_are_the_same", short_names_are_the_same},
    {NULL, NULL},
};

const struct unit_suite suite_short = {.name = "short", .tests = tests};
