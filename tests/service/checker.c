/* SPDX-License-Identifier: MIT */
#include "tests/service/checker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/json_view.h"
#include "tests/service/names.h"
#include "tests/service/order.h"
#include "tests/service/rows.h"

enum { ID_SIZE = 2 * 255 + 1, TIME_SIZE = 32, KEY_TEXT = 600 };

__extension__ typedef __int128 amount;

struct folded {
    char id[ID_SIZE];
    bool has_floor;
    amount floor, balance;
};

struct checker {
    struct api *api;
    size_t problems, shown;
    struct checker_figures figures; /* with `unread`: what is missing no longer counts */
    char last_at[TIME_SIZE];
    struct names accounts; /* of struct folded */
    struct names keys;     /* of all entries; the value is the op, or a stand-in */
    struct names ops;      /* by key */
    struct op **reads;     /* in order of the position that they were told */
    size_t read_count, reads_checked;
    struct rows rows;
};

static char foreign_key; /* stands in for keys that belong to no op */

__attribute__((format(printf, 2, 3))) static void problem(
    struct checker *checker, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (checker->problems++ < checker->shown) {
        printf("\n    journal: ");
        vprintf(format, list);
        fflush(stdout);
    }
    va_end(list);
}

/* A string of digits as the contract wants it: up to 38 of them, no leading zero. */
static bool read_amount(struct json_view value, amount *out)
{
    char text[48];
    if (!json_view_copy(value, text, sizeof text))
        return false;
    bool negative = text[0] == '-';
    const char *at = text + negative;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || digits > 38 || at[digits] || (*at == '0' && (digits > 1 || negative)))
        return false;
    for (*out = 0; *at; at++)
        *out = *out * 10 + (*at - '0');
    if (negative)
        *out = -*out;
    return true;
}

/* --- the journal by itself -------------------------------------------------------------------- */

/* An id as the service writes it, the same wherever it stands: its escapes are not resolved. */
static bool copy_id(struct json_view value, char id[ID_SIZE])
{
    if (!value.at || *value.at != '"' || value.length - 1 > ID_SIZE)
        return false;
    snprintf(id, ID_SIZE, "%.*s", (int)value.length - 2, value.at + 1);
    return true;
}

static struct folded *account_of(struct checker *checker, struct json_view id, int64_t seq)
{
    char name[ID_SIZE];
    struct folded *account = copy_id(id, name) ? names_find(&checker->accounts, name) : NULL;
    if (!account)
        problem(checker, "entry %" PRId64 " names an account that was not opened", seq);
    return account;
}

static void fold_account(struct checker *checker, struct json_view item, int64_t seq)
{
    struct json_view described = json_view_member(item, "account");
    struct json_view floor = json_view_member(described, "floor");
    struct folded *account = calloc(1, sizeof *account);
    co_ensure(account);
    account->has_floor = !json_view_says_null(floor);
    if (!copy_id(json_view_member(described, "id"), account->id) ||
        (account->has_floor && !read_amount(floor, &account->floor)) ||
        !names_add(&checker->accounts, account->id, account)) {
        problem(checker, "entry %" PRId64 " opens an account badly, or again", seq);
        free(account);
    }
}

static void fold_posting(struct checker *checker, struct json_view posting, int64_t seq)
{
    amount moved;
    struct folded *from = account_of(checker, json_view_member(posting, "from"), seq);
    struct folded *to = account_of(checker, json_view_member(posting, "to"), seq);
    if (!from || !to || !read_amount(json_view_member(posting, "amount"), &moved) || moved < 1) {
        problem(checker, "entry %" PRId64 " has a bad posting", seq);
        return;
    }
    from->balance -= moved;
    to->balance += moved;
}

/* The balances that an entry tells are those of the fold, and none is below its floor. */
static void check_balances(struct checker *checker, struct json_view balances, int64_t seq)
{
    struct json_view_walk walk = {.rest = balances};
    struct json_view name, value;
    size_t accounts = 0;
    while (json_view_next_member(&walk, &name, &value)) {
        char id[ID_SIZE];
        amount told;
        snprintf(id, sizeof id, "%.*s", (int)name.length, name.at);
        const struct folded *account = names_find(&checker->accounts, id);
        accounts++;
        if (!account || !read_amount(value, &told) || told != account->balance)
            problem(checker, "entry %" PRId64 " tells another balance of %s than its postings", seq,
                id);
        else if (account->has_floor && told < account->floor)
            problem(checker, "entry %" PRId64 " leaves %s below its floor", seq, id);
    }
    if (accounts < 2)
        problem(checker, "entry %" PRId64 " tells %zu balances", seq, accounts);
}

static void fold_transfer(struct checker *checker, struct json_view item, int64_t seq)
{
    struct json_view_walk walk = {.rest = json_view_member(item, "postings")};
    struct json_view posting;
    while (json_view_next(&walk, &posting))
        fold_posting(checker, posting, seq);
    check_balances(checker, json_view_member(item, "balances"), seq);
}

/* --- the journal against what clients were told ----------------------------------------------- */

static bool posting_is(struct json_view item, const char *from, const char *to, int64_t wanted)
{
    struct json_view_walk walk = {.rest = json_view_member(item, "postings")};
    struct json_view posting, more;
    int64_t moved;
    return json_view_next(&walk, &posting) && !json_view_next(&walk, &more) &&
           json_view_is(json_view_member(posting, "from"), from) &&
           json_view_is(json_view_member(posting, "to"), to) &&
           json_view_integer(json_view_member(posting, "amount"), &moved) && moved == wanted;
}

static void check_op(struct checker *checker, struct op *op, struct json_view item, int64_t seq)
{
    static const char world[] = "world:USD.2";
    char from[16], to[16];
    static const char *const kinds[] = {
        "transfer", "transfer", "transfer", "hold", "capture", "release", "batch"};
    bool done = json_view_is(json_view_member(item, "kind"), kinds[op->kind]);
    bool moves = op->kind <= OP_TRANSFER || op->kind == OP_CAPTURE;
    history_account(op->from, from);
    history_account(op->to, to);
    op->seen++;
    const char *wrong = op->kind == OP_BATCH ? rows_settle(&checker->rows, op, item) : NULL;
    if (wrong)
        problem(checker, "%s, entry %" PRId64 ", %s", op->key, seq, wrong);
    if (done && moves &&
        !posting_is(item, op->kind == OP_DEPOSIT ? world : from,
            op->kind == OP_WITHDRAW ? world : to, op->amount))
        problem(checker, "entry %" PRId64 " differs from what %s asked for", seq, op->key);
    if (op->outcome == OP_DONE && (!done || op->seq != seq))
        problem(checker, "%s was told done at %" PRId64 ", but entry %" PRId64 " is its own",
            op->key, op->seq, seq);
    if (op->outcome == OP_REFUSED && done)
        problem(checker, "%s was told refused, but entry %" PRId64 " does it", op->key, seq);
    if (op->outcome == OP_ABSENT)
        problem(checker, "%s was told not executed, but is entry %" PRId64, op->key, seq);
    checker->figures.unknown_done += op->outcome == OP_UNKNOWN;
}

static void check_key(struct checker *checker, struct json_view item, int64_t seq)
{
    char key[KEY_TEXT];
    struct json_view value = json_view_member(item, "key");
    if (json_view_says_null(value))
        return;
    if (value.length < 3 || value.length - 2 >= sizeof key) {
        problem(checker, "entry %" PRId64 " has no readable key", seq);
        return;
    }
    snprintf(
        key, sizeof key, "%.*s", (int)value.length - 2, value.at + 1); /* escapes as they are */
    struct op *op = names_find(&checker->ops, key);
    if (!names_add(&checker->keys, key, op ? (void *)op : &foreign_key))
        problem(checker, "entry %" PRId64 " has key %s, which an entry before has too", seq, key);
    if (op)
        check_op(checker, op, item, seq);
    else
        rows_forget(&checker->rows, key);
}

/* --- what was read ---------------------------------------------------------------------------- */

static int by_seq(const void *a, const void *b)
{
    int64_t one = (*(struct op *const *)a)->seq, other = (*(struct op *const *)b)->seq;
    return (one > other) - (one < other);
}

static void gather_reads(struct checker *checker, struct history *histories, size_t count)
{
    size_t most = 0;
    for (size_t h = 0; h < count; h++)
        most += histories[h].count;
    checker->reads = calloc(most + 1, sizeof checker->reads[0]);
    co_ensure(checker->reads);
    for (size_t h = 0; h < count; h++)
        for (size_t i = 0; i < histories[h].count; i++) {
            struct op *op = &histories[h].ops[i];
            if (op->kind == OP_READ && op->outcome == OP_DONE)
                checker->reads[checker->read_count++] = op;
        }
    qsort(checker->reads, checker->read_count, sizeof checker->reads[0], by_seq);
}

/* The fold stands at `seq`: the reads of that position saw exactly this. */
static void check_reads(struct checker *checker, int64_t seq)
{
    for (; checker->reads_checked < checker->read_count; checker->reads_checked++) {
        const struct op *read = checker->reads[checker->reads_checked];
        char name[16];
        if (read->seq > seq)
            return;
        history_account(read->from, name);
        const struct folded *account = names_find(&checker->accounts, name);
        if (!account || account->balance != read->balance)
            problem(checker, "%s was read as %" PRId64 " at %" PRId64 ", where it was another",
                name, read->balance, read->seq);
    }
}

/* --- an entry --------------------------------------------------------------------------------- */

static bool moves_nothing(struct json_view kind)
{
    static const char *const names[] = {
        "rejected", "hold", "release", "expiry", "freeze", "unfreeze", "batch"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_view_is(kind, names[i]))
            return true;
    return false;
}

static void check_entry(struct checker *checker, struct json_view item)
{
    int64_t seq = -1;
    char at[TIME_SIZE] = "";
    const char *wrong = NULL;
    struct json_view kind = json_view_member(item, "kind");
    if (!json_view_integer(json_view_member(item, "seq"), &seq) ||
        seq != checker->figures.entries + 1)
        problem(checker, "entry %" PRId64 " follows entry %" PRId64, seq, checker->figures.entries);
    if (!json_view_copy(json_view_member(item, "at"), at, sizeof at) ||
        strcmp(checker->last_at, at) >= 0)
        problem(checker, "entry %" PRId64 " is of %s, after %s", seq, at, checker->last_at);
    memcpy(checker->last_at, at, sizeof at);
    checker->figures.entries = seq;
    if (json_view_is(kind, "account"))
        fold_account(checker, item, seq);
    else if (json_view_is(kind, "transfer") || json_view_is(kind, "capture") ||
             json_view_is(kind, "reversal"))
        fold_transfer(checker, item, seq);
    else if (!moves_nothing(kind))
        problem(checker, "entry %" PRId64 " is of unknown kind", seq);
    if (!rows_take(&checker->rows, item, &wrong)) {
        check_key(checker, item, seq);
        wrong = rows_end(&checker->rows);
    }
    if (wrong)
        problem(checker, "entry %" PRId64 " %s", seq, wrong);
    check_reads(checker, seq);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Ask; what is unavailable for a moment is asked for again, as the answer says. */
static enum client_status get(struct checker *checker, const char *path, struct response *response)
{
    enum { PATIENCE_S = 30, AGAIN_MS = 200 };
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    enum client_status got = api_get(checker->api, path, response);
    while (api_is(got, response, 503, "unavailable") && co_clock_now_ns() < until_ns) {
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
        got = api_get(checker->api, path, response);
    }
    return got;
}

/* Call `each` with the items of a list, page after page. `path` ends with a place for the cursor.
 */
static void each_item(struct checker *checker, const char *path, const char *cursor_name,
    void (*each)(struct checker *checker, struct json_view item))
{
    char full[256 + ID_SIZE], cursor[ID_SIZE] = "";
    struct response response;
    do {
        snprintf(full, sizeof full, "%s?limit=1000%s%s%s", path, cursor[0] ? cursor_name : "",
            cursor[0] ? "=" : "", cursor);
        enum client_status got = get(checker, full, &response);
        if (!api_is(got, &response, 200, NULL)) {
            problem(checker, "GET %s failed, so nothing can be compared: %s, status %d", full,
                client_status_name(got), got == CLIENT_ANSWERED ? response.status : 0);
            checker->figures.unread = true;
            return;
        }
        struct json_view page = json_view_read(response.body, response.body_length);
        struct json_view_walk walk = {.rest = json_view_member(page, "items")};
        struct json_view item, next = json_view_member(page, "next");
        while (json_view_next(&walk, &item))
            each(checker, item);
        cursor[0] = '\0';
        if (!json_view_says_null(next) && !json_view_copy(next, cursor, sizeof cursor))
            snprintf(cursor, sizeof cursor, "%.*s", (int)next.length, next.at ? next.at : "");
    } while (cursor[0]);
}

static void check_account(struct checker *checker, struct json_view item)
{
    amount told;
    const struct folded *account =
        account_of(checker, json_view_member(item, "id"), checker->figures.entries);
    checker->figures.accounts++;
    if (account &&
        (!read_amount(json_view_member(item, "balance"), &told) || told != account->balance))
        problem(checker, "the API tells another balance of %s than the journal", account->id);
}

/* Every account is told by the API, and together they hold nothing, whatever the asset. */
static void check_sum(struct checker *checker)
{
    amount sum = 0;
    for (size_t i = 0; i < checker->accounts.size; i++)
        if (checker->accounts.slots[i].value)
            sum += ((const struct folded *)checker->accounts.slots[i].value)->balance;
    if (sum != 0)
        problem(checker, "the balances do not add up to 0");
    if (checker->figures.accounts != (int64_t)checker->accounts.count)
        problem(checker, "the API lists %" PRId64 " accounts, the journal opened %zu",
            checker->figures.accounts, checker->accounts.count);
}

static void check_outcomes(struct checker *checker, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct op *op = &history->ops[i];
        bool final = op->outcome == OP_DONE || op->outcome == OP_REFUSED;
        if (op->kind == OP_READ)
            continue;
        checker->figures.done += op->outcome == OP_DONE;
        checker->figures.refused += op->outcome == OP_REFUSED;
        checker->figures.absent += op->outcome == OP_ABSENT;
        checker->figures.unknown += op->outcome == OP_UNKNOWN;
        if (final && op->seen != 1)
            problem(checker, "%s was told %s, and the journal has it %d times", op->key,
                op->outcome == OP_DONE ? "done" : "refused", op->seen);
    }
}

static void check_order(struct checker *checker, struct history *histories, size_t count)
{
    const struct op *earlier, *later;
    size_t found = order_check(histories, count, &earlier, &later);
    if (found > 0)
        problem(checker,
            "%zu ops stand before what had ended before they began: %s at %" PRId64
            " after the answer of %s at %" PRId64,
            found, later->key, later->seq, earlier->key, earlier->seq);
}

/* The whole journal has been folded. */
static void check_the_rest(struct checker *checker, struct history *histories, size_t count)
{
    if (checker->reads_checked < checker->read_count)
        problem(checker, "a read was told position %" PRId64 ", which the journal does not have",
            checker->reads[checker->reads_checked]->seq);
    if (rows_end(&checker->rows))
        problem(checker, "the last rows have no batch");
    check_order(checker, histories, count);
    each_item(checker, "/accounts", "&after", check_account);
    if (!checker->figures.unread)
        check_sum(checker);
    for (size_t h = 0; h < count; h++)
        check_outcomes(checker, &histories[h]);
    checker->figures.reads = checker->read_count;
}

static void free_values(struct names *names)
{
    for (size_t i = 0; i < names->size; i++)
        free(names->slots[i].value);
    names_free(names);
}

size_t checker_run(struct api *api, struct history *histories, size_t count, size_t shown,
    struct checker_figures *figures)
{
    struct checker checker = {.api = api, .shown = shown};
    for (size_t h = 0; h < count; h++)
        for (size_t i = 0; i < histories[h].count; i++) {
            struct op *op = &histories[h].ops[i];
            op->seen = 0;
            if (op->kind != OP_READ)
                co_ensure(names_add(&checker.ops, op->key, op));
        }
    gather_reads(&checker, histories, count);
    each_item(&checker, "/journal", "&after", check_entry);
    if (!checker.figures.unread)
        check_the_rest(&checker, histories, count);
    free(checker.reads);
    free_values(&checker.accounts);
    names_free(&checker.keys);
    names_free(&checker.ops);
    if (figures)
        *figures = checker.figures;
    return checker.problems;
}
