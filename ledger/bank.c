/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - seats[0 .. count) are complete and never change; a seat is filled before `count` includes it,
 *   so that look-ups need no lock.
 * - Only who holds `making` fills a seat.
 *
 * Lock order: making -> whatever ledger_open() takes.
 */
#include "ledger/bank.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/mutex.h"
#include "ledger/readers.h"
#include "ledger/store.h"
#include "ledger/strategy.h"

enum { NAME_MAX_LENGTH = 64, READERS = 8 }; /* readers: of all ledgers together */

static const char main_ledger[] = "main";

struct seat {
    char name[NAME_MAX_LENGTH + 1];
    const char *strategy; /* of its kind, static */
    struct ledger *ledger;
};

struct bank {
    char *conninfo, *strategies;
    struct readers *readers;
    struct mutex making;
    _Atomic size_t count;
    struct seat seats[BANK_LEDGERS_MAX];
};

bool bank_name_is_valid(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strspn(name, allowed);
    return length >= 1 && length <= NAME_MAX_LENGTH && name[length] == '\0' &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* ---- strategies ---------------------------------------------------------------------------- */

/* The strategy of that name; NULL: there is none. */
static const char *known(const char *name, size_t length)
{
    const char *const names[] = {owner_strategy.name, sharded_strategy.name};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return names[i];
    return NULL;
}

/* What the text says of a ledger ("": the default, its first word); NULL: nothing. */
static const char *named_strategy(const char *text, const char *ledger)
{
    size_t length = strlen(ledger);
    const char *word = text + strcspn(text, ",");
    if (length == 0 || strcmp(ledger, main_ledger) == 0)
        return known(text, strcspn(text, ","));
    for (; *word; word += strcspn(word, ",")) {
        word++;
        if (strncmp(word, ledger, length) == 0 && word[length] == '=')
            return known(word + length + 1, strcspn(word + length + 1, ","));
    }
    return NULL;
}

static bool is_one_word(const char *word, size_t length)
{
    char name[NAME_MAX_LENGTH + 1];
    size_t left = strcspn(word, "=");
    if (left == 0 || left >= length || left > NAME_MAX_LENGTH)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)left, word);
    return bank_name_is_valid(name) && known(word + left + 1, length - left - 1);
}

static bool strategies_are_valid(const char *text)
{
    size_t length = strcspn(text, ",");
    bool valid = known(text, length) != NULL;
    for (const char *word = text + length; valid && *word; word += length) {
        word++;
        length = strcspn(word, ",");
        valid = is_one_word(word, length);
    }
    return valid;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Open a ledger and give it the next seat; the caller holds `making`. NULL: see `error`. */
static struct ledger *seat_ledger(struct context *context, struct bank *bank, const char *name,
    const char *strategy, char *error, size_t size)
{
    size_t count = atomic_load(&bank->count);
    const struct ledger_options options = {
        .conninfo = bank->conninfo, .name = name, .strategy = strategy, .readers = bank->readers};
    struct seat *seat = &bank->seats[count];
    snprintf(seat->name, sizeof seat->name, "%s", name);
    seat->strategy = strategy;
    seat->ledger = ledger_open(context, &options, error, size);
    if (seat->ledger)
        atomic_store(&bank->count, count + 1);
    return seat->ledger;
}

/* Those that the database has besides main, in the order of their making. Asked after main is ours:
 * what another process made until then is among them. */
static bool open_others(struct context *context, struct bank *bank, char *error, size_t size)
{
    static const struct pg_statement list = {STORE_SLOT_LEDGERS, 0,
        "SELECT name, strategy FROM ledger WHERE name <> 'main' ORDER BY no"};
    struct pg_result *rows = NULL;
    bool opened = readers_run(context, bank->readers, &list, NULL, &rows) == PG_OK;
    if (!opened)
        snprintf(error, size, "the list of ledgers could not be read");
    size_t count = opened ? pg_rows(rows) : 0;
    if (count >= BANK_LEDGERS_MAX) {
        snprintf(
            error, size, "the database has %zu ledgers, more than %d", count + 1, BANK_LEDGERS_MAX);
        opened = false;
    }
    for (size_t i = 0; opened && i < count; i++) {
        const char *name = pg_text(rows, i, 0), *kept = pg_text(rows, i, 1);
        const char *strategy = named_strategy(bank->strategies, name);
        if (!strategy)
            strategy = known(kept, strlen(kept));
        ensure(strategy != NULL); /* the database checks what it keeps */
        opened = seat_ledger(context, bank, name, strategy, error, size) != NULL;
    }
    pg_free(&rows);
    return opened;
}

struct bank *bank_open(struct context *context, const char *conninfo, const char *strategies,
    char *error, size_t error_size)
{
    if (!strategies_are_valid(strategies)) {
        snprintf(error, error_size, "not a list of strategies: %s", strategies);
        return NULL;
    }
    struct bank *bank = calloc(1, sizeof *bank);
    if (!bank || !(bank->conninfo = strdup(conninfo)) || !(bank->strategies = strdup(strategies)) ||
        !(bank->readers = readers_make(conninfo, READERS))) {
        snprintf(error, error_size, "out of memory");
        bank_close(&bank);
    } else if (!seat_ledger(context, bank, main_ledger, named_strategy(strategies, main_ledger),
                   error, error_size) ||
               !open_others(context, bank, error, error_size)) {
        bank_close(&bank);
    }
    return bank;
}

void bank_close(struct bank **bank)
{
    struct bank *closed = *bank;
    *bank = NULL;
    if (!closed)
        return;
    for (size_t i = atomic_load(&closed->count); i-- > 0;)
        ledger_close(&closed->seats[i].ledger);
    readers_free(&closed->readers);
    free(closed->strategies);
    free(closed->conninfo);
    free(closed);
}

/* ---- in use -------------------------------------------------------------------------------- */

static struct seat *find_seat(struct bank *bank, const char *name)
{
    size_t count = atomic_load(&bank->count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(bank->seats[i].name, name) == 0)
            return &bank->seats[i];
    return NULL;
}

struct ledger *bank_find(struct bank *bank, const char *name)
{
    const struct seat *seat = find_seat(bank, name);
    return seat ? seat->ledger : NULL;
}

size_t bank_list(struct bank *bank, struct ledger *ledgers[BANK_LEDGERS_MAX])
{
    size_t count = atomic_load(&bank->count);
    for (size_t i = 0; i < count; i++)
        ledgers[i] = bank->seats[i].ledger;
    return count;
}

/* The caller holds `making`. */
static enum ledger_status create(struct context *context, struct bank *bank, const char *name,
    const char *strategy, struct ledger **ledger, bool *created)
{
    char error[300];
    const struct seat *seat = find_seat(bank, name);
    if (seat && strategy && strcmp(seat->strategy, strategy) != 0)
        return LEDGER_LEDGER_EXISTS;
    if (!seat && atomic_load(&bank->count) == BANK_LEDGERS_MAX)
        return LEDGER_LEDGER_LIMIT;
    if (!strategy)
        strategy = named_strategy(bank->strategies, name);
    if (!strategy)
        strategy = named_strategy(bank->strategies, "");
    *ledger = seat ? seat->ledger
                   : seat_ledger(context, bank, name, known(strategy, strlen(strategy)), error,
                         sizeof error);
    *created = !seat && *ledger;
    if (!*ledger)
        fprintf(stderr, "teller: ledger %s: %s\n", name, error);
    return *ledger ? LEDGER_OK : LEDGER_UNAVAILABLE;
}

enum ledger_status bank_create(struct context *context, struct bank *bank, const char *name,
    const char *strategy, struct ledger **ledger, bool *created)
{
    ensure(bank_name_is_valid(name));
    ensure(!strategy || known(strategy, strlen(strategy)));
    *ledger = NULL;
    *created = false;
    mutex_lock(&bank->making);
    enum ledger_status status = create(context, bank, name, strategy, ledger, created);
    mutex_unlock(&bank->making);
    return status;
}
