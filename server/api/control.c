/* SPDX-License-Identifier: MIT */
#include "server/api/control.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "coro/semaphore.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/process/process_output.h"
#include "server/text/log.h"

enum { SAID = 8192, WORD = 64, NO_SUCH_PART = 3 };

static const struct problem unknown = {404, "cluster_part_not_found",
                                "No part of the cluster is called that."},
                            failed = {503, "cluster_control_failed",
                                "The program that knows the cluster did not do it."};

/* It is asked one thing at a time, and whoever waits for that waits no longer than its request. */
static struct co_semaphore asking = {.free = 1};

/* As the parts of deploy/cluster are called: nothing that a shell or a path would understand. */
static bool is_name(const char *text)
{
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    size_t digits = strspn(text + letters, "0123456789");
    return letters > 0 && letters + digits < WORD && text[letters + digits] == '\0';
}

/* What it says, in the request's memory; NULL: it is refused. */
static const char *ask(struct call *call, const char *verb, const char *part)
{
    const char *const argv[] = {call->api->control, verb, part, NULL};
    struct co_context *context = call_context(call);
    char *said = arena_alloc(call->arena, SAID);
    int status = 0;
    if (!co_semaphore_acquire(context, &asking, 1)) {
        call_refuse_as(call, &failed, "It is still busy with what it was asked before.");
        return NULL;
    }
    enum process_output output = process_output(context, argv, said, SAID, &status);
    co_semaphore_release(&asking, 1);
    bool is_good = output == PROCESS_OUTPUT_ENDED && WIFEXITED(status);
    if (is_good && WEXITSTATUS(status) == 0)
        return said;
    said[strcspn(said, "\n")] = '\0';
    if (is_good && WEXITSTATUS(status) == NO_SUCH_PART)
        call_refuse_as(call, &unknown, NULL);
    else
        call_refuse_as(call, &failed, is_good && said[0] ? said : NULL);
    return NULL;
}

/* "node2 running sync_standby 16": what is not like that is left out. */
static void write_part(struct json_out *out, const char *line)
{
    char name[WORD], state[WORD], word[WORD], behind[WORD];
    unsigned long long bytes;
    int end = 0;
    if (sscanf(line, "%63s %63s %63s %63s", name, state, word, behind) != 4 || !is_name(name))
        return;
    bool runs = strcmp(state, "running") == 0;
    if (!runs && strcmp(state, "stopped") != 0)
        return;
    json_out_open(out, '{');
    json_out_key(out, "part");
    json_out_text(out, name);
    json_out_key(out, "runs");
    json_out_bool(out, runs);
    if (strcmp(word, "-") != 0) {
        json_out_key(out, "says");
        json_out_text(out, word);
    }
    if (sscanf(behind, "%19llu%n", &bytes, &end) == 1 && behind[end] == '\0') {
        json_out_key(out, "lag_bytes");
        json_out_number(out, bytes);
    }
    json_out_close(out, '}');
}

void control_list(struct call *call)
{
    struct json_out out;
    const char *said = ask(call, "parts", NULL);
    if (!said)
        return;
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "parts");
    json_out_open(&out, '[');
    for (const char *line = said; *line; line += strcspn(line, "\n"), line += *line == '\n')
        write_part(&out, line);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    call_ok_anywhere(call, &out);
}

/* The log has it, since nothing else tells why a part died. */
static void have_done(struct call *call, const char *verb, const char *done)
{
    const char *part = call->path.id;
    struct json_out out;
    struct body body;
    if (!is_name(part)) {
        call_refuse_as(call, &unknown, NULL);
        return;
    }
    if (!body_read(call, BODY_NOTHING, &body) || !ask(call, verb, part))
        return;
    log_info("%s of the cluster is %s, as an admin asked", part, done);
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "part");
    json_out_text(&out, part);
    json_out_close(&out, '}');
    call_ok_anywhere(call, &out);
    call->response->status = 202;
}

void control_kill(struct call *call)
{
    have_done(call, "kill-soon", "killed");
}

void control_start(struct call *call)
{
    have_done(call, "start", "started");
}
