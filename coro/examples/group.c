/* SPDX-License-Identifier: MIT */
/*
 * A group: children that stand or fall together. The first error cancels the context of the others,
 * and no child outlives the wait.
 *
 *     g, ctx := errgroup.WithContext(ctx)
 *     g.Go(func() error { return step(ctx) })
 *     if err := g.Wait(); err != nil { … }
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/group.h"
#include "coro/runtime.h"
#include "coro/select.h"

enum { STEPS = 4, NO_FLOUR = 7 };

struct step {
    const char *name;
    int64_t takes_ns;
    int error;
    const char *outcome;
};

static int do_step(struct co_context *context, void *arg)
{
    struct step *step = arg;
    struct co_select_case stop = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
    bool stopped = co_select_timeout(&stop, 1, step->takes_ns) != CO_SELECT_NONE;
    step->outcome = stopped ? "stopped" : step->error ? "failed" : "done";
    return stopped ? 0 : step->error;
}

static void program(void *arg)
{
    (void)arg;
    struct step steps[STEPS] = {
        {"heat the oven", 3600 * CO_CLOCK_S, 0, NULL},
        {"wash the dishes", CO_CLOCK_MS, 0, NULL},
        {"fetch the flour", 200 * CO_CLOCK_MS, NO_FLOUR, NULL},
        {"let the dough rise", 7200 * CO_CLOCK_S, 0, NULL},
    };
    struct co_group *group = co_group_make(co_context_background());
    co_ensure(group);
    for (int i = 0; i < STEPS; i++)
        co_ensure(co_group_spawn(group, do_step, &steps[i]));
    int error = co_group_wait(&group);
    for (int i = 0; i < STEPS; i++)
        printf("%s: %s\n", steps[i].name, steps[i].outcome);
    printf("the group's error: %s\n", error == NO_FLOUR ? "no flour" : "another one");
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
