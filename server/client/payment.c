/* SPDX-License-Identifier: MIT */
/*
 * An answer settles a payment if it says what became of the key: done, or refused by a rule. 429
 * and 503 say that this request was not executed; of one before it, whose answer was lost, they say
 * nothing. So once an answer was lost the payment is open until one comes that settles it.
 */
#include "server/client/payment.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/co.h"
#include "server/client/kept.h"

enum { PATH = 1400, WORDS = 1024 };

/* What this end of the line knows of a payment. */
struct attempt {
    struct desk *desk;
    struct kept kept;
    struct remote_ask ask;
    struct remote_answer answer;
    enum remote_fate fate;
    bool open; /* it may have been executed, and nobody has said so */
};

/* ---- Ctrl-C ---------------------------------------------------------------------------------- */

/* The file stays, so that nothing is lost; but its user shall know. */
static void interrupted(int number)
{
    static const char text[] =
        "\nteller: interrupted; what became of it is not known. The same command again, or teller "
        "resume, goes on with it, and pays once.\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(DESK_UNKNOWN);
}

static void tell_of_interrupts(bool on)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = on ? interrupted : SIG_DFL};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}

/* ---- settling -------------------------------------------------------------------------------- */

static bool has_code(const struct remote_answer *answer, const char *code)
{
    struct json_view body = json_view_read(answer->body, answer->length);
    return json_view_is(json_view_member(body, "code"), code);
}

/* Does the answer say for good what becomes of the key? */
static bool settles(const struct attempt *attempt)
{
    int status = attempt->answer.status;
    if (attempt->fate != REMOTE_ANSWERED || status == 401 || status == 403 || status == 405 ||
        status == 429 || status >= 500)
        return false;
    return status < 300 || !has_code(&attempt->answer, "key_in_flight");
}

/* Trying again would not help. */
static bool is_not_allowed(const struct attempt *attempt)
{
    int status = attempt->answer.status;
    return attempt->fate == REMOTE_ANSWERED && (status == 401 || status == 403 || status == 405);
}

/* The service says where to ask what became of it; the answer there is never "nothing" while it may
 * still happen. So once that is answered, the same request is, too. */
static void follow_settle(struct attempt *attempt)
{
    char path[PATH];
    struct json_view body = json_view_read(attempt->answer.body, attempt->answer.length);
    struct remote_answer answer;
    terms_text(json_view_member(body, "settle"), path, sizeof path);
    /* Only a place at this same service: the token goes with it. */
    if (strncmp(path, "/v1/", 4) != 0)
        return;
    const struct remote_ask ask = {.path = path};
    for (int tries = 0;; tries++) {
        enum remote_fate fate = remote_call(attempt->desk->remote, &ask, &answer);
        if ((fate == REMOTE_ANSWERED && answer.status == 200) || fate == REMOTE_NOT_TRUSTED ||
            !desk_pause(attempt->desk, &answer, tries))
            return;
    }
}

static void note(struct attempt *attempt)
{
    const struct remote_answer *answer = &attempt->answer;
    attempt->open =
        attempt->open || attempt->fate == REMOTE_UNKNOWN ||
        (attempt->fate == REMOTE_ANSWERED && answer->status >= 500 && answer->status != 503) ||
        (attempt->fate == REMOTE_ANSWERED && has_code(answer, "key_in_flight"));
}

/* Send it until its outcome is known, or time is up. */
static void settle(struct attempt *attempt)
{
    for (int tries = 0;; tries++) {
        attempt->fate = remote_call(attempt->desk->remote, &attempt->ask, &attempt->answer);
        note(attempt);
        if (settles(attempt) || is_not_allowed(attempt) || attempt->fate == REMOTE_NOT_TRUSTED)
            return;
        if (attempt->fate == REMOTE_ANSWERED && attempt->answer.status == 504)
            follow_settle(attempt);
        if (!desk_pause(attempt->desk, &attempt->answer, tries))
            return;
    }
}

/* ---- telling --------------------------------------------------------------------------------- */

static enum desk_end tell_unknown(struct attempt *attempt)
{
    fprintf(stderr,
        "teller: it is not known whether this was done. The same command again, or teller resume,\n"
        "goes on with it, and pays once. Its key: %s\n",
        attempt->kept.key);
    return DESK_UNKNOWN;
}

static enum desk_end tell(struct attempt *attempt, const struct payment *payment)
{
    struct desk *desk = attempt->desk;
    const struct remote_answer *answer = &attempt->answer;
    if (!settles(attempt)) {
        enum desk_end end = is_not_allowed(attempt) ? desk_refused(desk, answer) : DESK_NOT_DONE;
        if (attempt->open)
            return tell_unknown(attempt);
        if (end == DESK_NOT_DONE && attempt->fate == REMOTE_ANSWERED)
            fprintf(stderr, "teller: the service at %s answers %d; nothing was done\n", desk->url,
                answer->status);
        else if (end == DESK_NOT_DONE)
            fprintf(stderr, "teller: no answer from %s: %s; nothing was done\n", desk->url,
                remote_why(desk->remote));
        return end;
    }
    if (answer->status >= 300)
        return desk_refused(desk, answer);
    if (desk->as_json || !payment->show)
        desk_print_json(answer->body, answer->length);
    else
        payment->show(desk, answer, payment->arg);
    return DESK_DONE;
}

/* What was told is told before the file goes: a program that is killed in between says it again. */
static enum desk_end finish(struct attempt *attempt, const struct payment *payment)
{
    settle(attempt);
    enum desk_end end = tell(attempt, payment);
    bool told = fflush(stdout) == 0 && !ferror(stdout);
    if (settles(attempt) ? told : !attempt->open)
        kept_done(&attempt->kept);
    else
        kept_leave(&attempt->kept);
    return end;
}

/* ---- the two ways to begin ---------------------------------------------------------------- */

static bool find_folder(const struct desk *desk, char folder[KEPT_PATH])
{
    bool found = kept_folder(options_value(desk->options, "state"), folder);
    if (!found)
        fputs("teller: there is no place to keep payments in; --state names one\n", stderr);
    return found;
}

/* The command as it was written, for people. */
static void words_of(const struct desk *desk, char words[WORDS])
{
    size_t at = (size_t)snprintf(words, WORDS, "%s", desk->command.name);
    for (const char *const *word = desk->words; *word && at < WORDS; word++)
        at += (size_t)snprintf(words + at, WORDS - at, " %s", *word);
    for (char *c = words; *c; c++)
        if ((unsigned char)*c < 0x20)
            *c = '?';
}

enum desk_end payment_make(struct desk *desk, const struct payment *payment)
{
    char words[WORDS], folder[KEPT_PATH], why[KEPT_WHY];
    struct attempt attempt = {.desk = desk};
    const char *path = desk_path(desk, "/v1/ledgers/", desk->ledger, payment->path);
    const char *key = options_value(desk->options, "key");
    if (key && (strlen(key) >= KEPT_KEY || !*key || key[strcspn(key, "\r\n\t\"\\")])) {
        fputs("teller: --key must be 1 to 255 bytes, without quotation marks, backslashes and "
              "lines' ends\n",
            stderr);
        return DESK_NOT_UNDERSTOOD;
    }
    words_of(desk, words);
    const struct kept_ask ask = {
        .url = desk->url, .path = path, .body = payment->body, .words = words, .key = key};
    if (!find_folder(desk, folder))
        return DESK_NOT_UNDERSTOOD;
    if (!kept_begin(&attempt.kept, folder, &ask, why)) {
        fprintf(stderr, "teller: %s; nothing was sent\n", why);
        return DESK_NOT_DONE;
    }
    if (attempt.kept.again)
        fprintf(
            stderr, "teller: this was begun before; going on with its key %s\n", attempt.kept.key);
    attempt.open = attempt.kept.again;
    attempt.ask = (struct remote_ask){.path = path, .key = attempt.kept.key, .body = payment->body};
    tell_of_interrupts(true);
    enum desk_end end = finish(&attempt, payment);
    tell_of_interrupts(false);
    return end;
}

struct resumption {
    struct desk *desk;
    enum desk_end worst;
    int count, others;
};

static void resume_one(void *arg, struct kept *kept, const struct kept_ask *ask)
{
    struct resumption *resumption = arg;
    struct attempt attempt = {.desk = resumption->desk,
        .kept = *kept,
        .ask = {.path = ask->path, .key = kept->key, .body = ask->body},
        .open = true};
    /* Another service's, which has another token. */
    if (strcmp(ask->url, resumption->desk->url) != 0) {
        fprintf(stderr, "teller: left as it is, for --url %s: %s\n", ask->url, ask->words);
        resumption->others++;
        kept_leave(kept);
        return;
    }
    fprintf(stderr, "teller: going on with: %s\n", ask->words);
    resumption->count++;
    enum desk_end end = finish(&attempt, &(struct payment){.show = NULL});
    resumption->worst = end > resumption->worst ? end : resumption->worst;
}

enum desk_end payment_resume(struct desk *desk)
{
    char folder[KEPT_PATH], why[KEPT_WHY];
    struct resumption resumption = {.desk = desk};
    if (!find_folder(desk, folder))
        return DESK_NOT_UNDERSTOOD;
    if (!kept_each(folder, resume_one, &resumption, why)) {
        fprintf(stderr, "teller: %s\n", why);
        return DESK_NOT_DONE;
    }
    if (resumption.count == 0)
        fputs("teller: no payment to this service is without an outcome\n", stderr);
    return resumption.worst;
}

void payment_metadata(const struct desk *desk, struct json_out *body)
{
    const char *metadata = options_value(desk->options, "metadata");
    if (!metadata)
        return;
    json_out_key(body, "metadata");
    char *text = arena_copy(body->arena, metadata, strlen(metadata));
    /* Line ends stand between JSON's tokens only; a file has one line for the body. */
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20)
            *at = ' ';
    json_out_json(body, text);
}
