/* SPDX-License-Identifier: MIT */
/*
 * A request that moves money, made exactly once: with a key that is kept on the disk from before it
 * is sent (kept.h), sent again with that key for as long as its outcome is not known, and settled
 * by what the service says of the key. Parks.
 */
#ifndef SERVER_CLIENT_PAYMENT_H
#define SERVER_CLIENT_PAYMENT_H

#include "server/client/desk.h"
#include "server/text/json_out.h"

#define PAYMENT_FLAGS                                                                              \
    {"key", "TEXT", "the payment's own key: the same again is the same payment", NULL},            \
        {"metadata", "JSON", "an object to be kept with it", NULL},                                \
    {                                                                                              \
        "state", "DIR", "where payments without an outcome are kept [~/.local/state/teller]", NULL \
    }

struct payment {
    const char *path; /* below the ledger's, escaped: "/transfers" */
    const char *body; /* JSON, in one line */
    void (*show)(struct desk *desk, const struct remote_answer *answer, void *arg); /* as a table */
    void *arg;
};

/* Make it, and print what became of it: the answer as JSON, or by `show`. */
CO_MUST_CHECK enum desk_end payment_make(struct desk *desk, const struct payment *payment);

/* Go on with all payments to this service that other runs have left, and print what became of each.
 * The worst of their ends. */
CO_MUST_CHECK enum desk_end payment_resume(struct desk *desk);

/* Add the metadata of the command line to a body, if there is any. */
void payment_metadata(const struct desk *desk, struct json_out *body);

#endif
