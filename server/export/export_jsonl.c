/* SPDX-License-Identifier: MIT */
/* One object a line for each entry, the very one that the journal of the API gives. */
#include "server/text/arena.h"
#include "server/export/export.h"
#include "server/api/render.h"

struct jsonl {
    struct arena arena;
    char memory[16384];
};

static void begin(struct export_work *work)
{
    struct jsonl *jsonl = work->state;
    arena_init(&jsonl->arena, jsonl->memory, sizeof jsonl->memory);
}

static void write_entry(struct export_work *work, const struct entry *entry)
{
    struct jsonl *jsonl = work->state;
    struct json_out out;
    json_out_begin(&out, &jsonl->arena);
    render_journal_item(&out, entry);
    json_out_raw(&out, "\n", 1);
    (void)fwrite(out.text, 1, out.length, work->out);
    arena_clear(&jsonl->arena);
}

static void end(struct export_work *work)
{
    struct jsonl *jsonl = work->state;
    arena_clear(&jsonl->arena);
}

const struct export_format export_jsonl = {.name = "jsonl",
    .state_size = sizeof(struct jsonl),
    .begin = begin,
    .entry = write_entry,
    .end = end};
