/* SPDX-License-Identifier: MIT */
/*
 * A transfer between two ledgers, in steps of which each is durable before the next begins:
 *
 *     1  in the ledger that pays     a hold of `from` for clearing:TO, key K/1
 *     2  in the ledger that is paid  a transfer of clearing:FROM to `to`, key K/2
 *     3  in the ledger that pays     the hold is captured if 2 was done, released if it was refused
 *
 * What 2 answers, yes or no, stays its answer (also that there is no such account). So whoever
 * drives it on, and however often, comes to the same end, and the hold is captured exactly if the
 * money has arrived. The open hold is all that is kept of one under way: its metadata says what is
 * to be done. No step touches both ledgers, which may be two servers': then the one that has the
 * ledger that pays takes steps 1 and 3, and asks the other one for 2.
 *
 * K stands for the key of the client and the ledger that pays. It begins with a character that no
 * client's key may have. Step 3 has no key: a hold ends once, and a capture that a freeze refuses
 * is tried again.
 */
#ifndef SERVER_CROSSING_CROSSING_H
#define SERVER_CROSSING_CROSSING_H

#include "ledger/bank/banks.h"
#include "ledger/domain/hash.h"
#include "server/forward/forward.h"
#include "server/text/arena.h"
#include "server/text/json_out.h"

/* What it is carried out with. */
struct crossing_means {
    struct banks *banks;
    struct forward *forward; /* to the server of the ledger that is paid; NULL: none is asked */
    uint64_t *silent; /* a server that did not answer, which is not asked again; NULL: not noted */
};

struct crossing_end {
    const char *ledger, *account;
};

struct crossing {
    const char *key; /* the client's */
    struct crossing_end from, to;
    money amount;
    const char *asset;    /* of crossing_read(): what `from` holds */
    const char *metadata; /* the client's, in compact form; NULL: none */
    struct entry_meaning meaning;
};

/* What became of one. OK: it is done, or the ledger that is paid has refused it, and `settled` says
 * which (crossing_end_read()). OUTCOME_UNKNOWN: it may have begun, and goes on by itself. DAMAGED:
 * its hold cannot be read. Any other: nothing was done, by the rule of `ledger`. */
struct crossing_outcome {
    enum ledger_status status;
    bool moves; /* UNAVAILABLE or OUTCOME_UNKNOWN, as `from` is to be closed: leave it, and ask for
                   the same again wherever it is opened next */
    const char *ledger;          /* whose answer `first` is: one of the crossing's two names */
    struct ledger_outcome first; /* what the ledger said; its entry is the caller's to drop */
    struct entry *settled;       /* how the hold in `first` ended, the caller's to drop; or NULL */
};

/* Carry it out, or repeat what became of it; `from` is the ledger that pays, entered. Each name is
 * valid, and the ledgers are two. The arena's memory is the outcome's. Parks until it has ended, or
 * the context has, or the ledger that pays is to be closed. */
void crossing_carry_out(struct co_context *context, const struct crossing_means *means,
    struct ledger *from, const struct crossing *asked, struct arena *arena,
    struct crossing_outcome *outcome);

/* Take the steps that are left of the one with that hold, a durable entry of `from`. OK: *settled
 * is how it ended, the caller's to drop; any other: it is to be tried again. Parks. */
enum ledger_status crossing_drive(struct co_context *context, const struct crossing_means *means,
    struct ledger *from, const char *name, const struct entry *hold, struct entry **settled);

/* What became of a client's key in the ledger that pays, of the name `payer`. TRANSFER_NOT_FOUND:
 * nothing; else as ledger_entry_by_key(). Parks. */
struct crossing_found {
    struct entry *hold;    /* step 1, or its refusal, of kind ENTRY_REJECTED */
    struct entry *settled; /* step 3; NULL: not yet. Both are the caller's to drop, unless NULL */
    uint64_t seq;          /* the position that this reflects */
};
enum ledger_status crossing_find(struct co_context *context, struct ledger *from, const char *payer,
    const char *key, struct crossing_found *found);

/* What the entry of step 1, in the ledger of that name, says of it. False: it is not such an entry.
 * The texts are the arena's. Never parks. */
CO_MUST_CHECK bool crossing_read(
    struct arena *arena, const char *name, const struct entry *entry, struct crossing *crossing);

/* What step 2 has answered, for good. */
struct crossing_end_told {
    enum ledger_status status; /* OK, or the rule of the ledger that is paid */
    const char *account;       /* that broke it; NULL: none */
    uint64_t seq;              /* the position in that ledger */
};

/* Read it, from the metadata of the last step's entry or what the server has said that took step 2;
 * and write the latter. False: that says nothing of it. Never park. */
CO_MUST_CHECK bool crossing_end_read(
    struct arena *arena, const char *text, size_t length, struct crossing_end_told *told);
void crossing_end_write(struct json_out *out, const struct crossing_end_told *told);

/* Step 2 alone, in `to`, which is entered, for that hold. OK: *told is what it has answered, for
 * good; any other: it is to be asked again. Parks. */
enum ledger_status crossing_pay(struct co_context *context, struct ledger *to,
    const struct crossing *crossing, uint64_t hold, struct arena *arena,
    struct crossing_end_told *told);

/* Of a hold's key and metadata: who says it to the server that is to take step 2 knows the hold. */
enum { CROSSING_PROOF = 2 * HASH_REQUEST + 1 };
void crossing_proof(const char *key, const char *metadata, char proof[CROSSING_PROOF]);

#endif
