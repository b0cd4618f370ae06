/* SPDX-License-Identifier: MIT */
#include "server/export/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct export_format *const formats[] = {
    &export_hledger, &export_beancount, &export_ledger, &export_csv, &export_jsonl};

const struct export_format *export_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

/* ---- a step at a time, for as long as writing works ----------------------------------------- */

static bool take_asset(const char *asset, void *arg)
{
    struct export_work *work = arg;
    work->format->asset(work, asset);
    return !ferror(work->out);
}

static bool take_opening(const struct snapshot_balance *balance, void *arg)
{
    struct export_work *work = arg;
    work->format->opening(work, balance);
    return !ferror(work->out);
}

static bool take_entry(const struct entry *entry, void *arg)
{
    struct export_work *work = arg;
    work->at_us = entry->at_us;
    work->format->entry(work, entry);
    if (work->told)
        work->told(entry->seq - work->after, work->seq - work->after);
    return !ferror(work->out);
}

static bool take_balance(const struct snapshot_balance *balance, void *arg)
{
    struct export_work *work = arg;
    work->format->balance(work, balance);
    return !ferror(work->out);
}

static bool write_all(struct export_work *work, struct snapshot *snapshot)
{
    const struct export_format *format = work->format;
    /* A format that may be unable to read large amounts warns before the first line. */
    if (format->asks_for_largest && !snapshot_largest(snapshot, &work->largest))
        return false;
    /* The order is the same for all: assets, opening balances, entries, closing balances. */
    format->begin(work);
    if ((format->asset && !snapshot_assets(snapshot, take_asset, work)) ||
        (format->opening && work->after > 0 &&
            !snapshot_balances(snapshot, work->after, take_opening, work)) ||
        !snapshot_entries(snapshot, take_entry, work) ||
        (format->balance && !snapshot_balances(snapshot, work->seq, take_balance, work)))
        return false;
    if (format->end)
        format->end(work);
    /* A full disk may show only now. */
    return fflush(work->out) == 0;
}

bool export_run(const struct export_format *format, struct snapshot *snapshot,
    const struct export_options *options, FILE *out, char *error, size_t error_size)
{
    struct export_work work = {.format = format,
        .out = out,
        .ledger = options->ledger,
        .types = options->types,
        .told = options->told,
        .after = snapshot->after,
        .seq = snapshot->seq,
        .from_us = options->from_us,
        .at_us = options->from_us,
        .state = calloc(1, format->state_size + 1)};
    if (!work.state) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    errno = 0;
    bool good = write_all(&work, snapshot);
    /* Either side may have failed: the output, or the database. */
    if (!good && ferror(out))
        snprintf(error, error_size, "cannot write: %s", strerror(errno));
    else if (!good)
        snprintf(error, error_size, "%s", snapshot->error);
    free(work.state);
    return good;
}
