/* SPDX-License-Identifier: MIT */
#include "server/client/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "server/cmd/progress.h"
#include "server/text/json_out.h"

enum { TOKEN = 256, RETRY_MAX_S = 86400, TEXT = 400 };

const char *const desk_rows[] = {"", "", NULL};

/* ---- the command line ------------------------------------------------------------------------ */

/* The token of a file; only that which nobody named may be missing. False: said on stderr. */
static bool read_token(const char *file, char token[TOKEN])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    token[0] = '\0';
    if (fd < 0 && errno == ENOENT && strcmp(file, DESK_TOKEN_FILE) == 0)
        return true;
    ssize_t length = fd < 0 ? -1 : read(fd, token, TOKEN - 1);
    if (length < 0)
        fprintf(stderr, "teller: cannot read the token in %s: %s\n", file, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (length < 0)
        return false;
    /* What surrounds it is not the token's. */
    token[length] = '\0';
    token[strcspn(token, " \t\r\n")] = '\0';
    if (!*token)
        fprintf(stderr, "teller: there is no token in %s\n", file);
    return *token;
}

/* The word of the usage that comes after so many, and what follows it. They stand behind the
 * command's name, in order ("teller balance ACCOUNT [flags]"), but where it has several forms. */
static const char *missing_word(const char *usage, int given)
{
    const char *word = strchr(usage, ' ') + 1;
    if (strchr(usage, '|'))
        return "something";
    for (; given >= 0; given--)
        word += strcspn(word, " ") + 1;
    return word;
}

static bool has_words(const struct desk *desk)
{
    int count = 0;
    while (desk->words[count])
        count++;
    if (count >= desk->command.least)
        return true;
    const char *word = missing_word(desk->options->usage, count);
    fprintf(stderr, "teller: %.*s is missing\nusage: %s (--help says more)\n",
        (int)strcspn(word, " "), word, desk->options->usage);
    return false;
}

static bool choose_form(struct desk *desk)
{
    bool json = options_value(desk->options, "json"), table = options_value(desk->options, "table");
    desk->as_json = json || (!table && !isatty(STDOUT_FILENO));
    if (json && table)
        fputs("teller: --json or --table, not both\n", stderr);
    return !(json && table);
}

/* Whom to trust, and what to show. */
static bool open_tls(struct desk *desk)
{
    const struct options *options = desk->options;
    const struct co_tls_client_options tls = {.trust_file = options_value(options, "ca"),
        .certificate_file = options_value(options, "client-cert"),
        .key_file = options_value(options, "client-key"),
        .protocols = "http/1.1"};
    struct co_stream_why why = {.text = ""};
    if (strncasecmp(desk->url, "https://", 8) != 0) {
        /* Nobody shall believe that what they gave is of use. */
        if (tls.trust_file || tls.certificate_file || tls.key_file)
            fputs("teller: --ca, --client-cert and --client-key are for https://\n", stderr);
        return !tls.trust_file && !tls.certificate_file && !tls.key_file;
    }
    desk->tls = co_tls_client(&tls, &why);
    if (!desk->tls)
        fprintf(stderr, "teller: %s\n", why.text[0] ? why.text : strerror(errno));
    return desk->tls != NULL;
}

static bool open_service(struct desk *desk)
{
    char token[TOKEN];
    const char *why = NULL;
    desk->url = options_value(desk->options, "url");
    desk->ledger = options_value(desk->options, "ledger");
    int64_t seconds = options_number(desk->options, "timeout");
    if (!read_token(options_value(desk->options, "token-file"), token) || !open_tls(desk))
        return false;
    desk->until_ns = co_clock_now_ns() + seconds * CO_CLOCK_S;
    desk->remote = remote_open(desk->url, *token ? token : NULL, desk->tls, &why);
    if (!why)
        desk->aside = remote_open(desk->url, *token ? token : NULL, desk->tls, &why);
    if (why) {
        fprintf(stderr, "teller: --url %s: %s\n", desk->url, why);
        remote_close(&desk->remote);
        co_tls_config_free(&desk->tls);
    }
    return !why;
}

static void work(void *arg)
{
    static _Alignas(max_align_t) char memory[4096];
    struct desk *desk = arg;
    arena_init(&desk->arena, memory, sizeof memory);
    desk->end = desk->command.work(desk);
    arena_clear(&desk->arena);
    remote_close(&desk->aside);
    remote_close(&desk->remote);
    co_tls_config_free(&desk->tls);
}

int desk_run(const struct options *options, struct desk_command command, int argc, char **argv)
{
    enum { WORDS = 8 };
    const char *words[WORDS + 1];
    struct desk desk = {.options = options, .words = words, .command = command};
    enum options_parsed parsed = options_parse(options, argc, argv, 2, words, command.most);
    if (parsed != OPTIONS_GOOD)
        return parsed == OPTIONS_HELP ? DESK_DONE : DESK_NOT_UNDERSTOOD;
    if (!has_words(&desk) || !choose_form(&desk) || !open_service(&desk))
        return DESK_NOT_UNDERSTOOD;
    /* A reader that goes away, such as head(1), is noticed when the rest is written. */
    (void)signal(SIGPIPE, SIG_IGN);
    const struct co_runtime_options one = {.workers = 1};
    if (co_runtime_run(&one, work, &desk) == CO_RUNTIME_NOT_STARTED)
        return DESK_NOT_DONE;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("teller: standard output");
        return desk.end ? desk.end : DESK_NOT_DONE;
    }
    return desk.end;
}

void desk_choose_reads(struct desk *desk)
{
    const struct options *options = desk->options;
    desk->reads.stale = options_is_on(options, "stale");
    if (options_value(options, "least"))
        desk->reads.least = options_number(options, "least");
    desk->tells_position = desk->reads.stale || desk->reads.least > 0;
    remote_read_as(desk->remote, desk->reads);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Whoever waits at a terminal is told what for, once that takes longer than a moment. */
static void say_what_is_waited_for(const struct desk *desk, const struct remote_answer *answer)
{
    long long left_s = (desk->until_ns - co_clock_now_ns()) / CO_CLOCK_S;
    if (!isatty(STDERR_FILENO))
        return;
    if (answer->status)
        fprintf(stderr, "teller: the service at %s answers %d", desk->url, answer->status);
    else
        fprintf(stderr, "teller: no answer from %s: %s", desk->url, remote_why(desk->remote));
    fprintf(stderr, "; trying for %lld s more\n", left_s);
}

bool desk_pause(struct desk *desk, const struct remote_answer *answer, int tries)
{
    enum { FIRST_MS = 50, LONGEST_MS = 2000, TRIES_UNTOLD = 5 };
    int64_t ms = tries < 6 ? FIRST_MS << tries : LONGEST_MS, now_ns = co_clock_now_ns();
    ms = ms > LONGEST_MS ? LONGEST_MS : ms;
    if (answer->retry_after_s > 0 && answer->retry_after_s < RETRY_MAX_S)
        ms = answer->retry_after_s * 1000;
    if (now_ns + ms * CO_CLOCK_MS > desk->until_ns)
        return false;
    if (tries == TRIES_UNTOLD)
        say_what_is_waited_for(desk, answer);
    co_sleep(ms * CO_CLOCK_MS);
    return true;
}

/* The answer says nothing of what was asked; later it may. */
static bool may_pass(enum remote_fate fate, const struct remote_answer *answer)
{
    return fate == REMOTE_NOT_SENT || fate == REMOTE_UNKNOWN || answer->status == 429 ||
           answer->status >= 500;
}

static enum desk_end not_reached(
    const struct desk *desk, enum remote_fate fate, const struct remote_answer *answer)
{
    if (fate == REMOTE_ANSWERED)
        fprintf(stderr, "teller: the service at %s answers %d; try again later\n", desk->url,
            answer->status);
    else
        fprintf(stderr, "teller: no answer from %s: %s (--url says where the service is)\n",
            desk->url, remote_why(desk->remote));
    return DESK_NOT_DONE;
}

enum desk_end desk_post(
    struct desk *desk, const char *path, const char *body, struct remote_answer *answer)
{
    const struct remote_ask ask = {
        .path = desk_path(desk, "/v1/ledgers/", desk->ledger, path), .body = body};
    enum remote_fate fate = remote_call(desk->remote, &ask, answer);
    for (int tries = 0; may_pass(fate, answer) && desk_pause(desk, answer, tries); tries++)
        fate = remote_call(desk->remote, &ask, answer);
    if (fate != REMOTE_ANSWERED || may_pass(fate, answer))
        return not_reached(desk, fate, answer);
    return answer->status < 300 ? DESK_DONE : desk_refused(desk, answer);
}

enum desk_end desk_get(struct desk *desk, const char *path, struct remote_answer *answer)
{
    return desk_post(desk, path, NULL, answer);
}

enum desk_end desk_asset(struct desk *desk, const char *account, char asset[TERMS_ASSET])
{
    struct remote_answer answer;
    enum desk_end end = desk_get(desk, desk_path(desk, "/accounts/", account, ""), &answer);
    if (end == DESK_DONE)
        terms_text(json_view_member(json_view_read(answer.body, answer.length), "asset"), asset,
            TERMS_ASSET);
    return end;
}

bool desk_amount(const char *word, const char *asset, char units[MONEY_TEXT])
{
    char why[TERMS_TEXT];
    if (terms_read(word, asset, units, why))
        return true;
    fprintf(stderr, "teller: the amount %.60s %s\n", word, why);
    return false;
}

/* ---- showing --------------------------------------------------------------------------------- */

enum desk_end desk_refused(struct desk *desk, const struct remote_answer *answer)
{
    struct json_view problem = json_view_read(answer->body, answer->length);
    char title[TEXT], detail[TEXT], code[TEXT], account[TEXT];
    terms_text(json_view_member(problem, "title"), title, sizeof title);
    terms_text(json_view_member(problem, "detail"), detail, sizeof detail);
    terms_text(json_view_member(problem, "code"), code, sizeof code);
    terms_text(json_view_member(problem, "account"), account, sizeof account);
    fprintf(stderr, "teller: %s%s%s", title[0] ? title : "refused", detail[0] ? " " : "", detail);
    if (account[0])
        fprintf(stderr, " Account: %s.", account);
    if (strcmp(code, "position_ahead") == 0 && json_view_member(problem, "seq").at) {
        terms_text(json_view_member(problem, "seq"), account, sizeof account);
        fprintf(stderr, " It is at seq %s.", account);
    }
    fprintf(stderr, " (%d%s%s)\n", answer->status, code[0] ? " " : "", code);
    if (desk->as_json)
        desk_print_json(answer->body, answer->length);
    return answer->status == 401 || answer->status == 403 ? DESK_NOT_ALLOWED : DESK_REFUSED;
}

void desk_print_json(const char *text, size_t length)
{
    (void)fwrite(text, 1, length, stdout);
    (void)putchar('\n');
}

static void print_seconds(int64_t ms)
{
    printf("%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

void desk_print_read(
    const struct desk *desk, const struct remote_answer *answer, const char *text, size_t length)
{
    bool is_object = length > 0 && text[length - 1] == '}';
    if (!desk->tells_position || answer->seq < 0 || !is_object) {
        desk_print_json(text, length);
        return;
    }
    (void)fwrite(text, 1, length - 1, stdout);
    printf(",\"as_of\":{\"seq\":%" PRId64 ",\"behind_s\":", answer->seq);
    print_seconds(answer->stale_ms < 0 ? 0 : answer->stale_ms);
    puts("}}");
}

void desk_print_position(const struct desk *desk, const struct remote_answer *answer)
{
    if (!desk->tells_position || answer->seq < 0)
        return;
    printf("as of seq %" PRId64, answer->seq);
    if (answer->stale_ms >= 0) {
        fputs(", ", stdout);
        print_seconds(answer->stale_ms);
        fputs(" s behind", stdout);
    }
    (void)putchar('\n');
}

void desk_row(struct columns *rows, const char *what, const char *value)
{
    if (value && *value)
        columns_add(rows, (const char *const[]){what, value});
}

void desk_amount_row(
    struct columns *rows, const char *what, struct json_view units, const char *asset)
{
    char text[TERMS_TEXT], shown[TERMS_TEXT];
    terms_text(units, text, sizeof text);
    terms_show(text, asset, shown);
    desk_row(rows, what, json_view_says_null(units) ? NULL : shown);
}

const char *desk_path(struct desk *desk, const char *before, const char *id, const char *after)
{
    struct json_out path;
    json_out_begin(&path, &desk->arena);
    json_out_raw(&path, before, strlen(before));
    json_out_percent(&path, id);
    json_out_raw(&path, after, strlen(after) + 1);
    return path.text;
}

void desk_progress(size_t count, const char *what)
{
    if (count > 0)
        progress_count_beside(count, 0, what);
    else
        progress_end();
}
