/* SPDX-License-Identifier: MIT */
#include "lab/show/parallel_text.h"

#include <inttypes.h>
#include <jansson.h>

#include "coro/clock.h"

static uint64_t rate(const struct parallel *parallel)
{
    uint64_t told = parallel->operations - parallel->stuck;
    return parallel->spent_ns > 0 ? told * (uint64_t)CO_CLOCK_S / (uint64_t)parallel->spent_ns : 0;
}

/* A latency is told to the microsecond, upwards: 0 would be none at all. */
static int64_t microseconds(int64_t ns)
{
    return (ns + CO_CLOCK_US - 1) / CO_CLOCK_US;
}

char *parallel_text_json(const struct trial *trial, const struct parallel *parallel)
{
    const struct {
        const char *name;
        int64_t value;
    } figures[] = {{"clients", trial->clients}, {"workers", parallel->workers},
        {"rounds", (int64_t)parallel->rounds}, {"broken_rounds", (int64_t)parallel->broken_rounds},
        {"operations", (int64_t)parallel->operations}, {"succeeded", (int64_t)parallel->succeeded},
        {"refused", (int64_t)parallel->refused}, {"failed", (int64_t)parallel->failed},
        {"stuck", (int64_t)parallel->stuck}, {"lost", parallel->lost}, {"made", parallel->made},
        {"negative", (int64_t)parallel->negative}, {"deadlocks", (int64_t)parallel->deadlocks},
        {"retries", (int64_t)parallel->retries}, {"seconds_us", microseconds(parallel->spent_ns)},
        {"rate", (int64_t)rate(parallel)}, {"p99_us", microseconds(parallel->p99_ns)}};
    json_t *object = json_pack("{s:s, s:s, s:s}", "scenario", trial->scenario->name, "strategy",
        trial->strategy->name, "mode", "parallel");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        json_object_set_new(object, figures[i].name, json_integer(figures[i].value));
    json_object_set_new(object, "broken", json_boolean(parallel->broken_rounds > 0));
    json_object_set_new(object, "verdict", json_string(parallel->verdict.verdict));
    json_object_set_new(object, "expected", json_string(parallel->verdict.expected));
    json_object_set_new(object, "actual", json_string(parallel->verdict.actual));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

void parallel_text_print(FILE *to, const struct trial *trial, const struct parallel *parallel)
{
    const struct parallel *p = parallel;
    fprintf(to, "%s, %s\n%s\n\n", trial->scenario->title, trial->strategy->title,
        trial->scenario->holds);
    fprintf(to, "%d clients on %d workers, %" PRIu64 " rounds, of which %" PRIu64 " broke it\n",
        trial->clients, p->workers, p->rounds, p->broken_rounds);
    fprintf(to,
        "operations: %" PRIu64 " (%" PRIu64 " succeeded, %" PRIu64 " refused, %" PRIu64
        " failed, %" PRIu64 " stuck)\n",
        p->operations, p->succeeded, p->refused, p->failed, p->stuck);
    fprintf(to,
        "money:      %" PRId64 " lost, %" PRId64 " made; balances below 0: %" PRIu64 "\n"
        "deadlocks:  %" PRIu64 ", retries: %" PRIu64 "\n"
        "rate:       %" PRIu64 " a second, 99 %% within %" PRId64 " us\n",
        p->lost, p->made, p->negative, p->deadlocks, p->retries, rate(p), microseconds(p->p99_ns));
    fprintf(to, "\n%s\nexpected: %s\nactual:   %s\n", p->verdict.verdict, p->verdict.expected,
        p->verdict.actual);
}
