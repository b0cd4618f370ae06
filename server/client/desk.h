/* SPDX-License-Identifier: MIT */
/*
 * What the commands for people share: the service they talk to, how they show what it says, and how
 * they end. Used by one coroutine.
 */
#ifndef SERVER_CLIENT_DESK_H
#define SERVER_CLIENT_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/client/columns.h"
#include "server/client/remote.h"
#include "server/client/terms.h"
#include "server/cmd/options.h"
#include "server/text/arena.h"

/* The exit status. */
enum desk_end {
    DESK_DONE = 0,
    DESK_REFUSED = 1,        /* by a rule of the ledger: nothing moved, and nothing will */
    DESK_NOT_UNDERSTOOD = 2, /* the command line; nothing was sent */
    DESK_NOT_DONE = 3,       /* nobody could be reached in time, or had room: nothing moved */
    DESK_UNKNOWN = 4,        /* it was sent, and nobody said what became of it: it is kept */
    DESK_NOT_ALLOWED = 5,    /* the token is missing, or not good for that */
};

#define DESK_FLAGS                                                                                 \
    {"url", "URL", "where the service listens", "http://127.0.0.1:8080"},                          \
        {"ca", "FILE", "of https: who may sign its certificate, instead of the system's", NULL},   \
        {"client-cert", "FILE", "of https: the certificate to show it", NULL},                     \
        {"client-key", "FILE", "and its key", NULL},                                               \
        {"token-file", "FILE", "the file that has the access token", DESK_TOKEN_FILE},             \
        {"ledger", "NAME", "the ledger", "main"},                                                  \
        {"timeout", "S=0..86400", "how long to go on trying", "60"},                               \
        {"json", NULL, "print JSON, as it does by itself where no terminal is", NULL},             \
    {                                                                                              \
        "table", NULL, "print tables, as it does by itself on a terminal", NULL                    \
    }
/* Of the commands that read: desk_choose_reads(). */
#define DESK_READ_FLAGS                                                                            \
    {"stale", NULL, "of a read: any server that follows the ledger may answer, a moment behind",   \
        NULL},                                                                                     \
    {                                                                                              \
        "least", "SEQ=1..9007199254740992", "of a read: as of that position or a later one", NULL  \
    }
#define DESK_TOKEN_FILE "var/admin.token" /* without it, no token is sent */

struct desk {
    const struct options *options;
    const char *const *words;      /* of the command line, ends with NULL */
    struct remote *remote, *aside; /* the latter for questions while the first is a stream */
    struct co_tls_config *tls;     /* whom to trust; NULL: it is plain HTTP */
    const char *url, *ledger;
    bool as_json;
    bool tells_position;       /* as of which position it is: it was asked for one */
    struct remote_reads reads; /* as `remote` began */
    int64_t until_ns;
    struct arena arena; /* for paths and bodies, until the command ends */
    struct desk_command {
        const char *name; /* as its user called it: "transfer" */
        int least, most;  /* words */
        enum desk_end (*work)(struct desk *desk);
    } command;
    enum desk_end end;
};

/* A whole command: read the command line, open the service, do the work, flush what was printed.
 * Returns the exit status. */
int desk_run(const struct options *options, struct desk_command command, int argc, char **argv);

/* From now on DESK_READ_FLAGS hold. Not for what moves money: of that only the owner knows. */
void desk_choose_reads(struct desk *desk);

/*
 * GET a path below the ledger's, "/accounts/...", and try again while the service cannot be reached
 * or has no room: reading twice does no harm. Not DESK_DONE: it was said why.
 */
CO_MUST_CHECK enum desk_end desk_get(
    struct desk *desk, const char *path, struct remote_answer *answer);

/* The same with a body, for what is the same when it is done twice. */
CO_MUST_CHECK enum desk_end desk_post(
    struct desk *desk, const char *path, const char *body, struct remote_answer *answer);

/* The asset of an account; as desk_get(). */
CO_MUST_CHECK enum desk_end desk_asset(
    struct desk *desk, const char *account, char asset[TERMS_ASSET]);

/* An amount of that asset, as digits of its smallest unit; false: it was said what is wrong. */
CO_MUST_CHECK bool desk_amount(const char *word, const char *asset, char units[MONEY_TEXT]);

/* Say what a refusal says, as a sentence and, where JSON is printed, as it is. */
enum desk_end desk_refused(struct desk *desk, const struct remote_answer *answer);

/* Wait before another try: for as long as the service said, or ever longer; false: the time to go
 * on trying is over. `tries`: how many were made. At a terminal it is said once that it goes on. */
bool desk_pause(struct desk *desk, const struct remote_answer *answer, int tries);

/* Print a line of JSON as it came. */
void desk_print_json(const char *text, size_t length);

/* The same of what a read told: `text` is a JSON object out of its body. */
void desk_print_read(
    const struct desk *desk, const struct remote_answer *answer, const char *text, size_t length);

/* Below a table: as of which position it is, and how far behind that may be; where it was asked. */
void desk_print_position(const struct desk *desk, const struct remote_answer *answer);

/* A table of two columns, what and its value: row by row, then written. A NULL or empty value is no
 * row. */
void desk_row(struct columns *rows, const char *what, const char *value);
void desk_amount_row(
    struct columns *rows, const char *what, struct json_view units, const char *asset);
extern const char *const desk_rows[];

/* A path with an account's id, escaped, between its two parts; in the arena. */
const char *desk_path(struct desk *desk, const char *before, const char *id, const char *after);

/* How far long work has come, on a terminal that standard error is and standard output is not; a
 * count of 0 takes it away. */
void desk_progress(size_t count, const char *what);

#endif
