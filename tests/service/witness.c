/* SPDX-License-Identifier: MIT */
#include "tests/service/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/client.h"
#include "tests/unit.h"

enum { NAME = 120, SENT_MAX = 4096 };

static FILE *file; /* NULL: nothing is kept */

struct part {
    const char *at;
    size_t length;
};

/* One record, whole, whichever workers have others to write. */
static void keep(const char *kind, struct part request, struct part head, struct part body)
{
    char name[NAME];
    unit_name(name, sizeof name);
    flockfile(file);
    fprintf(file, "%s %s %zu %zu %zu\n", kind, name[0] ? name : "-", request.length, head.length,
        body.length);
    fwrite(request.at, 1, request.length, file);
    fwrite(head.at, 1, head.length, file);
    if (body.length)
        fwrite(body.at, 1, body.length, file);
    fputc('\n', file);
    funlockfile(file);
}

static void saw(const struct client_seen *seen)
{
    const struct response *response = seen->response;
    struct part body = {response->body, seen->whole ? response->body_length : 0};
    keep(seen->whole ? "answer" : "head", (struct part){seen->line, strlen(seen->line)},
        (struct part){response->head.text, response->head.text_length}, body);
}

void witness_begin(void)
{
    const char *path = getenv("ANSWERS_FILE");
    if (!path || !*path)
        return;
    file = fopen(path, "we");
    if (!file) {
        perror(path);
        exit(2);
    }
    client_watch(saw);
}

void witness_talk(const char *sent, size_t sent_length, const char *got, size_t got_length)
{
    /* The beginning tells what it is about; some send a megabyte. */
    if (file)
        keep("talk", (struct part){sent, sent_length < SENT_MAX ? sent_length : SENT_MAX},
            (struct part){got, got_length}, (struct part){"", 0});
}

void witness_event(const char *name, const char *data)
{
    if (file)
        keep("event", (struct part){"", 0}, (struct part){name, strlen(name)},
            (struct part){data, strlen(data)});
}

bool witness_end(void)
{
    bool good = !file || (!ferror(file) && fclose(file) == 0);
    if (!good)
        fprintf(stderr, "witness: not all answers could be written\n");
    file = NULL;
    return good;
}
