/* SPDX-License-Identifier: MIT */
/*
 * Invariant: clusters[0 .. cluster_count) are complete; a newest timeline only rises. `silent` has
 * hosts that were silent when they were asked last, each once.
 *
 * The hosts are asked by a coroutine each, which ends within the time that a host is given; no
 * other coroutine sees their connections until all have ended.
 */
#include "ledger/db/pg_hosts.h"
#include "ledger/notice.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/lock.h"
#include "coro/waitgroup.h"

enum { CLUSTERS = 32, OPTIONS = 60, SILENT = 2 * PG_HOSTS_MAX };

/* ---- timelines ------------------------------------------------------------------------------ */

static struct co_lock lock;
static struct cluster {
    uint64_t system;
    _Atomic uint32_t newest;
} clusters[CLUSTERS]; /* further clusters are not followed */
static size_t cluster_count;

static _Atomic uint32_t *newest_of(uint64_t system)
{
    size_t i = 0;
    co_lock_take(&lock);
    while (i < cluster_count && clusters[i].system != system)
        i++;
    if (i == cluster_count && i < CLUSTERS)
        clusters[cluster_count++].system = system;
    co_lock_drop(&lock);
    return i < CLUSTERS ? &clusters[i].newest : NULL;
}

bool pg_hosts_admit(struct pg *pg, char *error, size_t error_size)
{
    if (pg->timeline == 0 || !(pg->newest = newest_of(pg->system)))
        return true;
    uint32_t seen = atomic_load(pg->newest);
    /* One that is only to be read says nothing of which is the database: it may have been promoted
     * to be something else. */
    while (!pg->reads && seen < pg->timeline &&
           !atomic_compare_exchange_weak(pg->newest, &seen, pg->timeline))
        ;
    if (seen <= pg->timeline)
        return true;
    snprintf(error, error_size,
        "split brain: the database takes writes on timeline %u, though timeline %u was seen: it is "
        "a former primary, and is not written to",
        pg->timeline, seen);
    return false;
}

/* ---- a host --------------------------------------------------------------------------------- */

struct host {
    struct census *census;
    char name[256], address[100], port[20]; /* "": not given */
    struct pg *pg;                          /* out; NULL: see `error` */
    char error[200];
};

/* ---- hosts that say nothing ----------------------------------------------------------------- */

/* A host of any census. */
static struct silent {
    char name[256], address[100], port[20];
    int64_t asked_ns; /* when all of its time began last; 0: a free place */
} silent[SILENT];     /* further ones are waited for each time */

/* The caller holds the lock. NULL: it is not there. */
static struct silent *find_silent(const struct host *host)
{
    for (size_t i = 0; i < SILENT; i++)
        if (silent[i].asked_ns && strcmp(silent[i].name, host->name) == 0 &&
            strcmp(silent[i].address, host->address) == 0 &&
            strcmp(silent[i].port, host->port) == 0)
            return &silent[i];
    return NULL;
}

/* The same; without a free place nothing is noted. */
static void add_silent(const struct host *host, int64_t asked_ns)
{
    size_t i = 0;
    while (i < SILENT && silent[i].asked_ns)
        i++;
    if (i == SILENT)
        return;
    memcpy(silent[i].name, host->name, sizeof host->name);
    memcpy(silent[i].address, host->address, sizeof host->address);
    memcpy(silent[i].port, host->port, sizeof host->port);
    silent[i].asked_ns = asked_ns;
}

/* How long it is asked now, of the time that a host is given. */
static int64_t patience_of(const struct host *host, int64_t timeout_ns)
{
    int64_t now_ns = co_clock_now_ns(), brief_ns = PG_HOST_BRIEF_MS * CO_CLOCK_MS;
    co_lock_take(&lock);
    struct silent *known = find_silent(host);
    bool is_brief = known && now_ns - known->asked_ns < PG_HOST_BRIEF_S * CO_CLOCK_S;
    if (known && !is_brief)
        known->asked_ns = now_ns; /* by this one alone, of several that ask at the same time */
    co_lock_drop(&lock);
    return is_brief && brief_ns < timeout_ns ? brief_ns : timeout_ns;
}

/* It was asked from then on, and has said something, or nothing. */
static void note_silence(const struct host *host, int64_t asked_ns, bool was_silent)
{
    co_lock_take(&lock);
    struct silent *known = find_silent(host);
    if (known && !was_silent)
        known->asked_ns = 0;
    else if (!known && was_silent)
        add_silent(host, asked_ns);
    co_lock_drop(&lock);
}

/* ---- a census ------------------------------------------------------------------------------- */

struct census {
    struct co_context *context;
    const PQconninfoOption *options;
    const struct pg_hosts_wanted *wanted;
    int64_t timeout_ns;
    size_t count;
    struct host hosts[PG_HOSTS_MAX];
    struct co_waitgroup asking;
};

const char *pg_hosts_option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

static size_t words(const char *list)
{
    size_t count = list ? 1 : 0;
    for (; list && *list; list++)
        count += *list == ',';
    return count;
}

size_t pg_hosts_count(const PQconninfoOption *options)
{
    size_t names = words(pg_hosts_option(options, "host"));
    size_t addresses = words(pg_hosts_option(options, "hostaddr"));
    return names > addresses ? names : addresses;
}

/* The n-th word of a list; a list of one is for all. */
static void word(const char *list, size_t n, char *to, size_t size)
{
    for (size_t i = words(list) == 1 ? n : 0; list && i < n; i++) {
        list += strcspn(list, ",");
        list += *list == ',';
    }
    snprintf(to, size, "%.*s", list ? (int)strcspn(list, ",") : 0, list ? list : "");
}

/* The options of all of them, but this host and no other. */
static struct pg *start_host(const struct host *host)
{
    static const char *const replaced[] = {"host", "hostaddr", "port", "target_session_attrs"};
    const char *names[OPTIONS] = {"host", "hostaddr", "port", "target_session_attrs"};
    const char *values[OPTIONS] = {host->name, host->address, host->port, "any"};
    size_t count = sizeof replaced / sizeof replaced[0];
    for (const PQconninfoOption *option = host->census->options; option->keyword; option++) {
        bool ours = !option->val || count == OPTIONS - 1;
        for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++)
            ours = ours || strcmp(option->keyword, replaced[i]) == 0;
        if (ours)
            continue;
        names[count] = option->keyword;
        values[count++] = option->val;
    }
    return pg_start(names, values, false);
}

static void ask_host(void *arg)
{
    struct host *host = arg;
    const struct census *census = host->census;
    int64_t asked_ns = co_clock_now_ns(), patience_ns = patience_of(host, census->timeout_ns);
    host->pg = start_host(host);
    if (host->pg)
        host->pg->reads = census->wanted->reads;
    if (!host->pg)
        snprintf(host->error, sizeof host->error, "out of memory");
    else if (!pg_finish(census->context, host->pg, census->wanted->role, patience_ns, host->error,
                 sizeof host->error))
        pg_close(&host->pg);
    bool was_silent = !host->pg && co_clock_now_ns() - asked_ns >= patience_ns;
    if (host->pg || was_silent || co_context_err(census->context) == CO_CONTEXT_OK)
        note_silence(host, asked_ns, was_silent);
    if (host->pg && host->pg->standby && !host->pg->reads) {
        snprintf(host->error, sizeof host->error, "it is a standby");
        pg_close(&host->pg);
    }
    co_waitgroup_done(&host->census->asking);
}

/* ---- the choice ----------------------------------------------------------------------------- */

static void tell_split(const struct host *chosen, const struct host *other)
{
    enum { TELL_AGAIN_S = 60 };
    static _Atomic int64_t noticed_ns;
    int64_t now_ns = co_clock_now_ns(), before = atomic_load(&noticed_ns);
    if ((before && now_ns - before < TELL_AGAIN_S * CO_CLOCK_S) ||
        !atomic_compare_exchange_strong(&noticed_ns, &before, now_ns))
        return;
    notice(NOTICE_TROUBLE,
        "split brain: the database takes writes at %s on timeline %u and at %s on timeline "
        "%u; the latter is not written to",
        chosen->name, chosen->pg->timeline, other->name, other->pg->timeline);
}

/* Is that host better than the one that was chosen so far? To be written to: on a newer timeline.
 * To be read: a standby. */
static bool is_better(const struct host *host, const struct host *chosen)
{
    return host->pg->reads ? host->pg->standby && !chosen->pg->standby
                           : host->pg->timeline > chosen->pg->timeline;
}

/* The best, the first of several. NULL: none serves, or they are not of one cluster. */
static struct host *choose(struct census *census, char *error, size_t size)
{
    struct host *chosen = NULL;
    size_t length = (size_t)snprintf(error, size,
        "none of the hosts %s:", census->wanted->reads ? "can be read" : "takes writes");
    /* The reasons of the others, in case none does. */
    for (size_t i = 0; i < census->count; i++) {
        struct host *host = &census->hosts[i];
        const char *name = *host->name ? host->name : host->address;
        if (!host->pg && length < size)
            length += (size_t)snprintf(
                error + length, size - length, " %.60s: %.100s;", name, host->error);
        if (host->pg && (!chosen || is_better(host, chosen)))
            chosen = host;
    }

    /* Nothing can be compared across clusters; an older timeline is a former primary. */
    for (size_t i = 0; chosen && i < census->count; i++) {
        struct host *host = &census->hosts[i];
        if (host->pg && host->pg->system != chosen->pg->system) {
            snprintf(error, size, "the hosts %.60s and %.60s are of different clusters",
                chosen->name, host->name);
            return NULL;
        }
        if (host->pg && !host->pg->reads && host->pg->timeline < chosen->pg->timeline)
            tell_split(chosen, host);
    }
    return chosen;
}

static struct pg *take_best(struct census *census, char *error, size_t size)
{
    struct host *chosen = choose(census, error, size);
    struct pg *pg = chosen ? chosen->pg : NULL;
    if (chosen)
        chosen->pg = NULL;
    for (size_t i = 0; i < census->count; i++)
        pg_close(&census->hosts[i].pg);
    if (pg && census->wanted->role && !pg_hosts_admit(pg, error, size))
        pg_close(&pg);
    return pg;
}

struct pg *pg_hosts_connect(struct co_context *context, const PQconninfoOption *options,
    const struct pg_hosts_wanted *wanted, int64_t timeout_ns, char *error, size_t error_size)
{
    struct census *census = calloc(1, sizeof *census);
    if (!census || pg_hosts_count(options) > PG_HOSTS_MAX) {
        snprintf(error, error_size, census ? "more than 16 hosts" : "out of memory");
        free(census);
        return NULL;
    }
    census->context = context;
    census->options = options;
    census->wanted = wanted;
    census->timeout_ns = timeout_ns;
    census->count = pg_hosts_count(options);

    /* Ask all of them together: one that is silent does not delay the others. */
    for (size_t i = 0; i < census->count; i++) {
        struct host *host = &census->hosts[i];
        host->census = census;
        word(pg_hosts_option(options, "host"), i, host->name, sizeof host->name);
        word(pg_hosts_option(options, "hostaddr"), i, host->address, sizeof host->address);
        word(pg_hosts_option(options, "port"), i, host->port, sizeof host->port);
        co_waitgroup_add(&census->asking, 1);
        if (!co_spawn(ask_host, host)) {
            snprintf(host->error, sizeof host->error, "it could not be asked");
            co_waitgroup_done(&census->asking);
        }
    }

    co_waitgroup_wait(&census->asking);
    struct pg *pg = take_best(census, error, error_size);
    free(census);
    return pg;
}
