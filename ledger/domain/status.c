/* SPDX-License-Identifier: MIT */
#include "ledger/domain/status.h"

#include <string.h>

#include "coro/ensure.h"

static const struct {
    const char *name, *text;
} statuses[] = {
#define X(symbol, name, text) {name, text},
    LEDGER_STATUS_MAP(X)
#undef X
};

const char *status_name(enum ledger_status status)
{
    co_ensure(status < LEDGER_STATUS_COUNT);
    return statuses[status].name;
}

const char *status_text(enum ledger_status status)
{
    co_ensure(status < LEDGER_STATUS_COUNT);
    return statuses[status].text;
}

enum ledger_status status_of_name(const char *name)
{
    /* Read back from stored batches only, so a search from the start is fast enough. */
    int status = 0;
    while (status < LEDGER_STATUS_COUNT && strcmp(statuses[status].name, name) != 0)
        status++;
    return (enum ledger_status)status;
}

bool status_is_rejection(enum ledger_status status)
{
    return status >= LEDGER_ALREADY_REVERSED && status <= LEDGER_AMOUNT_OUT_OF_RANGE;
}
