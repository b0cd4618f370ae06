/* SPDX-License-Identifier: MIT */
#include "tests/cluster/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/ensure.h"

enum { KINDS = 40, GAPS = 1000, WORDS = 100 };

struct kind {
    char what[WORDS];
    int expected, count, late;
    int64_t bound_ms, gaps_ms[GAPS]; /* the first GAPS of them */
};

struct tally tally;
static struct kind kinds[KINDS];
static int kind_count;
static int64_t begun_ns;

bool tally_is_long(void)
{
    const char *form = getenv("FAULTS");
    return form && strcmp(form, "long") == 0;
}

int tally_times(const char *variable, int usual, int percent, int short_form)
{
    const char *given = getenv(variable);
    if (!given && !tally_is_long())
        return short_form;
    long times = (given ? strtol(given, NULL, 10) : usual) * percent / 100;
    return times > 1 ? (int)times : 1;
}

static struct kind *find(const char *what)
{
    if (begun_ns == 0)
        begun_ns = co_clock_now_ns();
    for (int i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].what, what) == 0)
            return &kinds[i];
    co_ensure(kind_count < KINDS);
    snprintf(kinds[kind_count].what, WORDS, "%s", what);
    return &kinds[kind_count++];
}

static void add(struct kind *kind, int64_t gap_ms, int64_t bound_ms)
{
    if (kind->count < GAPS)
        kind->gaps_ms[kind->count] = gap_ms;
    kind->count++;
    kind->bound_ms = bound_ms;
    kind->late += bound_ms > 0 && gap_ms > bound_ms;
}

/* --- the file --------------------------------------------------------------------------------- */

static const char *notes_path(void)
{
    const char *path = getenv("CLUSTER_NOTES");
    return path && *path ? path : NULL;
}

/* A line for a fault, if one came, and one for the sums until now, of which the last one counts. */
static void keep(const char *what, int64_t gap_ms, int64_t bound_ms)
{
    FILE *file = notes_path() ? fopen(notes_path(), "ae") : NULL;
    if (!file)
        return;
    if (what)
        fprintf(file, "fault %lld %lld %s\n", (long long)gap_ms, (long long)bound_ms, what);
    fprintf(file, "sums %lu %lu %lu %lu %lu %lu %lu %lu\n", tally.failovers, tally.kills,
        tally.freezes, tally.partitions, tally.moved, tally.operations, tally.violations,
        tally.journals);
    fclose(file);
}

static void read_line(const char *line, struct tally *sums)
{
    char what[WORDS];
    long long gap_ms, bound_ms;
    if (sscanf(line, "fault %lld %lld %99[^\n]", &gap_ms, &bound_ms, what) == 3)
        add(find(what), gap_ms, bound_ms);
    else
        (void)sscanf(line, "sums %lu %lu %lu %lu %lu %lu %lu %lu", &sums->failovers, &sums->kills,
            &sums->freezes, &sums->partitions, &sums->moved, &sums->operations, &sums->violations,
            &sums->journals);
}

bool tally_read(const char *path)
{
    struct tally sums = {0};
    char line[2 * WORDS];
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        read_line(line, &sums);
    fclose(file);
    tally.failovers += sums.failovers;
    tally.kills += sums.kills;
    tally.freezes += sums.freezes;
    tally.partitions += sums.partitions;
    tally.moved += sums.moved;
    tally.operations += sums.operations;
    tally.violations += sums.violations;
    tally.journals += sums.journals;
    return true;
}

/* --- what comes about ------------------------------------------------------------------------- */

void tally_expect(const char *what, int times)
{
    find(what)->expected += times;
}

void tally_note(const char *what, int64_t gap_ms, int64_t bound_ms)
{
    struct kind *kind = find(what);
    int64_t s = (co_clock_now_ns() - begun_ns) / CO_CLOCK_S;
    add(kind, gap_ms, bound_ms);
    keep(what, gap_ms, bound_ms);
    if (tally_is_long())
        printf("\n    +%02lld:%02lld:%02lld %s, %d of %d: no write for %lld ms ",
            (long long)(s / 3600), (long long)(s / 60 % 60), (long long)(s % 60), what, kind->count,
            kind->expected > kind->count ? kind->expected : kind->count, (long long)gap_ms);
    else
        printf("[%s: no write for %lld ms] ", what, (long long)gap_ms);
    fflush(stdout);
}

void tally_judged(unsigned long operations, unsigned long violations)
{
    tally.operations += operations;
    tally.violations += violations;
    tally.journals++;
    keep(NULL, 0, 0);
}

/* --- the table -------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static void print_kind(struct kind *kind)
{
    int kept = kind->count < GAPS ? kind->count : GAPS;
    char bound[24] = "-";
    if (kept == 0)
        return;
    qsort(kind->gaps_ms, (size_t)kept, sizeof kind->gaps_ms[0], compare);
    if (kind->bound_ms > 0)
        snprintf(bound, sizeof bound, "%lld", (long long)kind->bound_ms);
    printf("%-34s %5d %9lld %9lld %9lld %9s %6d\n", kind->what, kind->count,
        (long long)kind->gaps_ms[kept / 2], (long long)kind->gaps_ms[((kept - 1) * 95 + 99) / 100],
        (long long)kind->gaps_ms[kept - 1], bound, kind->late);
}

void tally_print(void)
{
    if (notes_path())
        return;
    printf("\n%-34s %5s %9s %9s %9s %9s %6s\n", "no write, in ms, when", "times", "median", "95 %",
        "longest", "promised", "later");
    for (int i = 0; i < kind_count; i++)
        print_kind(&kinds[i]);
    printf("%lu failovers, %lu tellers killed, %lu suspended, %lu links cut, %lu handed over\n",
        tally.failovers, tally.kills, tally.freezes, tally.partitions, tally.moved);
    printf(
        "%lu operations checked: %lu lost, done twice or read old; one owner at each position of "
        "%lu journals\n",
        tally.operations, tally.violations, tally.journals);
}
