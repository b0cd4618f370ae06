/* SPDX-License-Identifier: MIT */
/* A fault on a guard page is a stack overflow: say whose. It runs on a signal stack, as there is no
 * other left. Other faults go to whoever handled them before. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coro/sched_private.h"

enum { SIGNAL_STACK = 64 * 1024 };

static struct sigaction before;
static _Thread_local stack_t signal_stack, stack_before;

static void say_whose(uint32_t stack)
{
    char text[400];
    const struct co_worker *worker = co_worker_self();
    const struct co *co = worker ? worker->current : NULL;
    int n = snprintf(text, sizeof text, "stack overflow, of a coroutine that does not run here\n");
    if (co && co->stack == stack)
        n = snprintf(text, sizeof text,
            "stack overflow in coroutine #%llu %s spawned at %s:%d (its stack has %zu bytes)\n",
            (unsigned long long)co_id(co), co_name(co), co->site->file, co->site->line,
            co_stack_usable(&co_runtime.stacks));
    ssize_t written = write(STDERR_FILENO, text, (size_t)n);
    (void)written;
}

CO_UNSANITIZED static void on_fault(int number, siginfo_t *info, void *machine)
{
    (void)machine;
    uint32_t stack = co_stack_guard_hit(&co_runtime.stacks, info->si_addr);
    if (stack != CO_INDEX_NONE) {
        say_whose(stack);
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    sigaction(number, &before, NULL); /* returning runs the faulting instruction again */
}

void co_overflow_install(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_fault;
    sigemptyset(&action.sa_mask);
    struct sigaction old;
    co_ensure(sigaction(SIGSEGV, &action, &old) == 0);
    if (old.sa_sigaction != on_fault)
        before = old;
}

void co_overflow_thread_init(void)
{
    if (!signal_stack.ss_sp) {
        void *memory = mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory == MAP_FAILED)
            return; /* an overflow then ends the program all the same, without a word */
        signal_stack = (stack_t){.ss_sp = memory, .ss_size = SIGNAL_STACK};
    }
    co_ensure(sigaltstack(&signal_stack, &stack_before) == 0);
}

void co_overflow_thread_term(void)
{
    if (!signal_stack.ss_sp)
        return;
    sigaltstack(&stack_before, NULL);
    if (co_runtime.schedule)
        return; /* this thread is likely to run the next seed */
    munmap(signal_stack.ss_sp, SIGNAL_STACK);
    signal_stack.ss_sp = NULL;
}
