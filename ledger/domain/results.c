/* SPDX-License-Identifier: MIT */
#include "ledger/domain/results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The outcomes of a batch as JSON that is short: entries in a row, and refusals that are alike, are
 * one item with a count. What is read may be damaged: whatever is not as it is written here is bad.
 */
/* ---- writing ------------------------------------------------------------------------------- */

void results_begin(struct results_writer *writer, bool atomic)
{
    *writer = (struct results_writer){.file = NULL};
    writer->file = open_memstream(&writer->text, &writer->size);
    if (writer->file)
        fprintf(writer->file, "{\"atomic\":%s,\"results\":[", atomic ? "true" : "false");
}

static void write_refusal(FILE *file, const struct result *result)
{
    char available[MONEY_TEXT];
    fprintf(file, "{\"code\":\"%s\"", status_name(result->status));
    if (result->side != RESULT_NO_ACCOUNT)
        fprintf(file, ",\"%s\":%" PRIu64, result->side == RESULT_FROM ? "from" : "to", result->leg);
    if (result->has_available) {
        money_format(result->available, available);
        fprintf(file, ",\"available\":\"%s\"", available);
    }
    if (result->times > 1)
        fprintf(file, ",\"times\":%" PRIu64, result->times);
    putc('}', file);
}

/* Each item waits until the next is known: that may be one more of the same. */
static void write_last(struct results_writer *writer)
{
    const struct result *last = &writer->last;
    if (last->times == 0)
        return;
    if (writer->comma)
        putc(',', writer->file);
    writer->comma = true;
    switch (last->kind) {
    case RESULT_ENTRIES:
        fprintf(writer->file, "{\"entries\":%" PRIu64 "}", last->times);
        break;
    case RESULT_REPLAYED:
        fprintf(writer->file, "{\"replayed\":%" PRIu64 "}", last->at);
        break;
    case RESULT_SAME:
        fprintf(writer->file, "{\"same\":%" PRIu64 "}", last->at);
        break;
    case RESULT_REFUSED:
        write_refusal(writer->file, last);
        break;
    }
}

/* May they be written as one, with a count? */
static bool are_alike(const struct result *a, const struct result *b)
{
    if (a->kind != b->kind || a->times == 0)
        return false;
    if (a->kind == RESULT_ENTRIES)
        return true;
    return a->kind == RESULT_REFUSED && a->status == b->status && a->side == b->side &&
           a->leg == b->leg && a->has_available == b->has_available && a->available == b->available;
}

void results_add(struct results_writer *writer, const struct result *result)
{
    if (!writer->file)
        return;
    if (are_alike(&writer->last, result)) {
        writer->last.times++;
        return;
    }
    write_last(writer);
    writer->last = *result;
}

char *results_end(struct results_writer *writer)
{
    if (!writer->file)
        return NULL;
    write_last(writer);
    fputs("]}", writer->file);
    /* Memory may have run out at any of the writes: then the text is not whole. */
    bool good = !ferror(writer->file);
    if (fclose(writer->file) == 0 && good)
        return writer->text;
    free(writer->text);
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Is it the text that comes next? Then it is behind us. */
static bool take(struct results_reader *reader, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(reader->at, text, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static uint64_t take_number(struct results_reader *reader)
{
    char *end = NULL;
    uint64_t number = strtoull(reader->at, &end, 10);
    /* strtoull() would take blanks and signs as well. */
    reader->bad = reader->bad || end == reader->at || *reader->at < '0' || *reader->at > '9';
    reader->at = end;
    return number;
}

void results_read(struct results_reader *reader, const char *text, bool *atomic)
{
    *reader = (struct results_reader){.at = text ? text : ""};
    *atomic = take(reader, "{\"atomic\":true");
    reader->bad =
        (!*atomic && !take(reader, "{\"atomic\":false")) || !take(reader, ",\"results\":[");
}

static void take_refusal(struct results_reader *reader, struct result *result)
{
    char name[40];
    size_t length = strcspn(reader->at, "\"");
    result->kind = RESULT_REFUSED;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), reader->at);
    result->status = status_of_name(name);
    reader->at += length;
    reader->bad = result->status == LEDGER_STATUS_COUNT || !take(reader, "\"");

    /* The rest is there only where it says something. */
    if (take(reader, ",\"from\":"))
        result->side = RESULT_FROM;
    else if (take(reader, ",\"to\":"))
        result->side = RESULT_TO;
    if (result->side != RESULT_NO_ACCOUNT)
        result->leg = take_number(reader);
    if (take(reader, ",\"available\":\"")) {
        length = strcspn(reader->at, "\"");
        result->has_available = true;
        reader->bad = reader->bad || !money_parse(reader->at, length, true, &result->available);
        reader->at += length;
        reader->bad = reader->bad || !take(reader, "\"");
    }
    if (take(reader, ",\"times\":"))
        result->times = take_number(reader);
}

bool results_next(struct results_reader *reader, struct result *result)
{
    *result = (struct result){.times = 1};
    if (reader->bad || take(reader, "]}"))
        return false;
    /* The first member tells which kind it is. */
    (void)take(reader, ",");
    if (take(reader, "{\"entries\":")) {
        result->kind = RESULT_ENTRIES;
        result->times = take_number(reader);
    } else if (take(reader, "{\"replayed\":")) {
        result->kind = RESULT_REPLAYED;
        result->at = take_number(reader);
    } else if (take(reader, "{\"same\":")) {
        result->kind = RESULT_SAME;
        result->at = take_number(reader);
    } else if (take(reader, "{\"code\":\"")) {
        take_refusal(reader, result);
    } else {
        reader->bad = true;
    }
    reader->bad = reader->bad || !take(reader, "}");
    return !reader->bad;
}

uint64_t results_entries(const char *text)
{
    struct results_reader reader;
    struct result result;
    uint64_t entries = 0;
    bool atomic;
    /* Replays and refusals have no entry of their own in this batch. */
    results_read(&reader, text, &atomic);
    while (results_next(&reader, &result))
        if (result.kind == RESULT_ENTRIES)
            entries += result.times;
    return entries;
}
