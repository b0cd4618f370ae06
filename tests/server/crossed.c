/* SPDX-License-Identifier: MIT */
#include "tests/server/crossed.h"

#include "ledger/domain/clearing.h"
#include "ledger/ledger.h"
#include "server/crossing/crossing_private.h"
#include "tests/unit.h"

struct entry *crossed_hold(struct ledger *from, const struct crossing *crossing, bool with_metadata)
{
    char key[CROSSING_KEY], clearing[CLEARING_TEXT];
    struct arena arena;
    struct ledger_outcome outcome;
    arena_init(&arena, NULL, 0);
    clearing_id(crossing->to.ledger, "USD/2", clearing);
    CU_ASSERT_EQUAL(
        crossing_open_clearing(co_context_background(), from, crossing->to.ledger, "USD/2"),
        LEDGER_OK);
    crossing_key(key, crossing->from.ledger, crossing->key, 1);
    const struct ledger_hold asked = {.key = key,
        .metadata = with_metadata ? crossing_text(&arena, crossing, "USD/2", NULL) : NULL,
        .from = crossing->from.account,
        .to = clearing,
        .amount = crossing->amount,
        .clears = true};
    ledger_hold(co_context_background(), from, &asked, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    arena_clear(&arena);
    return outcome.entry;
}
