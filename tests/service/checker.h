/* SPDX-License-Identifier: MIT */
/*
 * Replays a ledger's whole journal, as the API gives it, and compares: with itself (gapless,
 * rising times, no key twice), with the rules (no balance below its floor at any position), with
 * the balances that the API reports, and with what clients were told: each read must show the very
 * balance of the position that it names, and positions must keep the order of real time.
 */
#ifndef TESTS_SERVICE_CHECKER_H
#define TESTS_SERVICE_CHECKER_H

#include "tests/service/history.h"

struct checker_figures {
    int64_t entries, accounts;
    size_t done, refused, absent, unknown; /* ops by what their clients know */
    size_t reads;                          /* that were answered */
    size_t unknown_done;                   /* unknown ones that the journal has */
    bool unread;                           /* the API did not give all of it */
};

/*
 * All histories together; NULL with count 0: only the journal by itself. The service must be idle.
 * Returns the number of problems; the first `shown` of them are printed. A journal that cannot be
 * read is one problem, and nothing is compared with it. `figures` may be NULL.
 */
CO_MUST_CHECK size_t checker_run(struct api *api, struct history *histories, size_t count,
    size_t shown, struct checker_figures *figures);

#endif
