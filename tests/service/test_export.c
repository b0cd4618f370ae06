/* SPDX-License-Identifier: MIT */
/*
 * What `teller export` writes, compared with the API, and given to the programs that it is for:
 * they accept it, compute the API's balances from it, and refuse it when a single balance is
 * altered.
 */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"

/* ---- a ledger with everything in it ---------------------------------------------------------- */

static const char export_ledger[] = "export";

/* Accounts, and what hledger and ledger, and Beancount, must call them. */
static const struct account {
    const char *id, *asset, *plain, *beancount;
} accounts[] = {
    {"alice", "USD/2", "alice", "Assets:Alice"},
    {"Alice", "USD/2", "Alice", "Assets:X--Alice"},
    {"alice:savings", "USD/2", "alice:savings", "Assets:Alice:Savings"},
    {"alice:savings:old", "USD/2", "alice:savings:old", "Assets:Alice:Savings:Old"},
    {"alice:yen", "JPY/0", "alice:yen", "Assets:Alice:Yen"},
    {"alice-2", "USD/2", "alice-2", "Assets:Alice-2d2"},
    {"a::b", "USD/2", "a:~:b", "Assets:A:X--:B"},
    {":", "USD/2", "~:~", "Assets:X--:X--"},
    {"@-_.", "USD/2", "@-_.", "Assets:X---40-2d-5f-2e"},
    {"-z", "USD/2", "-z", "Assets:X---2dz"},
    {"0", "USD/2", "0", "Assets:0"},
    {"x--A", "USD/2", "x--A", "Assets:X-2d-2dA"},
    {"X--A", "USD/2", "X--A", "Assets:X--X-2d-2dA"},
    {"assert", "USD/2", "assert", "Assets:Assert"},
    {"check", "USD/2", "check", "Assets:Check"},
    {"expr", "USD/2", "expr", "Assets:Expr"},
    {"end", "USD/2", "end", "Assets:End"},
    {"world", "USD/2", "world", "Assets:World"},
    {"yen", "JPY/0", "yen", "Assets:Yen"},
    {"yen:2", "JPY/0", "yen:2", "Assets:Yen:2"},
    {"wei", "E_T_H/18", "wei", "Assets:Wei"},
    {"world:USD.2", NULL, "world:USD.2", "Income:World:USD-2e2"},
    {"world:JPY.0", NULL, "world:JPY.0", "Income:World:JPY-2e0"},
    {"world:E_T_H.18", NULL, "world:E_T_H.18", "Income:World:E-5fT-5fH-2e18"},
    {"a:~:b", "USD/2", "a:~7e:b", "Assets:A:X---7e:B"},
    {" a  b ", "USD/2", "~20a ~20b~20", "Assets:X---20a-20-20b-20"},
    {"Gr\xc3\xb6\xc3\x9f"
     "e (neu)",
        "\xe2\x82\xac/2",
        "Gr\xc3\xb6\xc3\x9f"
        "e ~28neu~29",
        "Assets:X--Gr-c3-b6-c3-9fe-20-28neu-29"},
    {"x;y[1]/?#%", "green apples/0", "x~3by~5b1~5d/?~23~25", "Assets:X-3by-5b1-5d-2f-3f-23-25"},
    {"\"q\\=*!", "$/3", "~22q~5c~3d~2a~21", "Assets:X---22q-5c-3d-2a-21"},
    {"world:\xe2\x82\xac.2", NULL, "world:\xe2\x82\xac.2", "Income:World:X---e2-82-ac-2e2"},
    {"world:green apples.0", NULL, "world:green apples.0", "Income:World:Green-20apples-2e0"},
    {"world:$.3", NULL, "world:~24.3", "Income:World:X---24-2e3"},
    {"idle", "USD/2", "idle", "Assets:Idle"},
};

enum { ACCOUNTS = sizeof accounts / sizeof accounts[0], BODY = 1024, QUOTED = 64 };

/* As JSON writes it: a line end, quotes, a backslash, what looks like dates and directives. */
#define AWKWARD                                                                                    \
    "x\\n2026-01-01 open Assets:Evil\\n    evil  5\\r\\t\\\"; \\\\ [2020-01-01] [=2020/1/1] "      \
    "date:2020-01-01, \xc3\xa9\xe2\x80\xa8\\u0085 end"

static void post(
    struct visit *visit, int wanted, const char *path, const char *key, const char *body)
{
    visit->got = api_post(&visit->api, path, key, body, &visit->response);
    if (visit->got != CLIENT_ANSWERED)
        visit->response = (struct response){0};
    EXPECT_STATUS(visit, wanted);
}

/* An id in JSON, or in a path: what a path has no place for as "%" and two digits. */
static const char *quote(const char *id, char quoted[QUOTED])
{
    char *to = quoted;
    for (; *id; *to++ = *id++)
        if (*id == '"' || *id == '\\')
            *to++ = '\\';
    *to = '\0';
    return quoted;
}

static const char *escape(const char *id, char escaped[QUOTED])
{
    char *to = escaped;
    for (; *id; id++)
        to += snprintf(
            to, 4, strchr("/?#% \"\\", *id) || *id < 0 ? "%%%02X" : "%c", (unsigned char)*id);
    return escaped;
}

static void open_accounts(struct visit *visit)
{
    char path[128], body[BODY], text[QUOTED];
    for (size_t i = 0; i < ACCOUNTS; i++) {
        const struct account *account = &accounts[i];
        if (!account->asset)
            continue;
        snprintf(body, sizeof body,
            "{\"id\":\"%s\",\"asset\":\"%s\",\"floor\":%s,\"metadata\":{\"list\":[1,[2]],"
            "\"text\":\"" AWKWARD "\"}}",
            quote(account->id, text), account->asset,
            i % 3 == 0   ? "null"
            : i % 3 == 1 ? "\"-500\""
                         : "\"0\"");
        post(visit, 201, "/accounts", NULL, body);
        if (i == ACCOUNTS - 1)
            break; /* the last one stays idle */
        snprintf(path, sizeof path, "/accounts/%s/deposit", escape(account->id, text));
        snprintf(body, sizeof body, "{\"amount\":\"%s\",\"metadata\":{\"text\":\"" AWKWARD "\"}}",
            strcmp(account->id, "wei") == 0 ? "1234567890123456789" : "1005");
        post(visit, 201, path, NULL, body);
    }
}

static int64_t hold(struct visit *visit, const char *more)
{
    char body[BODY];
    int64_t id = 0;
    snprintf(body, sizeof body, "{\"from\":\"alice\",\"to\":\"Alice\",\"amount\":100%s}", more);
    post(visit, 201, "/holds", NULL, body);
    CU_ASSERT(api_id(&visit->response, &id));
    return id;
}

static void move_money(struct visit *visit)
{
    static char body[BODY + 4080], filling[4081];
    char path[128];
    int64_t id = 0, due = hold(visit, ",\"expires_in\":1");
    post(visit, 201, "/transfers", NULL,
        "{\"postings\":[{\"from\":\"alice\",\"to\":\"Alice\",\"amount\":3},"
        "{\"from\":\"yen\",\"to\":\"yen:2\",\"amount\":1005},"
        "{\"from\":\"Alice\",\"to\":\"alice\",\"amount\":1}],\"metadata\":{\"n\":1}}");
    memset(filling, 'y', sizeof filling - 1);
    snprintf(body, sizeof body,
        "{\"from\":\"assert\",\"to\":\"check\",\"amount\":7,\"metadata\":{\"y\":\"%s\"}}", filling);
    post(visit, 201, "/transfers", "long", body);
    CU_ASSERT(api_id(&visit->response, &id));
    snprintf(path, sizeof path, "/transfers/%" PRId64 "/reverse", id);
    post(visit, 201, path, "back, [2020-01-01] date:2020-01-01", "{}");
    post(visit, 200, "/transfers/batch", NULL,
        "{\"transfers\":[{\"from\":\"alice\",\"to\":\"0\",\"amount\":1,"
        "\"key\":\"\\\"; \\\\[2020-01-01]\\\"\"},"
        "{\"from\":\"Alice\",\"to\":\"0\",\"amount\":99999999,\"key\":\"too much\"}]}");
    snprintf(path, sizeof path, "/holds/%" PRId64 "/capture",
        hold(visit, ",\"metadata\":{\"text\":\"" AWKWARD "\"}"));
    post(visit, 201, path, "captured", "{\"amount\":60}");
    snprintf(path, sizeof path, "/holds/%" PRId64 "/release", hold(visit, ""));
    post(visit, 201, path, "released", "{}");
    (void)hold(visit, ",\"expires_in\":3600");
    post(visit, 200, "/accounts/alice/freeze", NULL, "{}");
    post(visit, 200, "/freeze", NULL, "{}");
    post(visit, 200, "/unfreeze", NULL, "{}");
    snprintf(path, sizeof path, "/holds/%" PRId64, due);
    for (int i = 0; i < 100; i++, co_sleep(100 * CO_CLOCK_MS)) {
        visit->got = api_get(&visit->api, path, &visit->response);
        if (memmem(visit->response.body, visit->response.body_length, "\"expired\"", 9))
            return;
    }
    CU_FAIL("the hold did not expire");
}

/* The ledger, filled at its first use. */
static struct service *begin(struct visit *visit, const char *strategy)
{
    char body[128];
    struct service *service = service_shared(strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(visit, service);
    visit->api.ledger = export_ledger;
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", export_ledger);
    visit_post(visit, "/v1/ledgers", NULL, body);
    if (visit->response.status == 201) {
        open_accounts(visit);
        move_money(visit);
    }
    return service;
}

static void export(
    struct command *command, const struct service *service, const char *format, const char *ledger)
{
    const char *const words[] = {"export", "--format", format, "--ledger", ledger, NULL};
    command_teller(command, service, words);
    EXPECT_EXIT(command, 0);
}

/* ---- jsonl and csv --------------------------------------------------------------------------- */

/* The items of one page after *after; false once there are no more pages. */
static bool compare_page(struct visit *visit, char **rest, int64_t *after)
{
    char path[64];
    snprintf(path, sizeof path, "/journal?limit=7&after=%" PRId64, *after);
    visit->got = api_get(&visit->api, path, &visit->response);
    EXPECT_STATUS(visit, 200);
    visit->body = json_view_read(visit->response.body, visit->response.body_length);
    struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
    struct json_view item;
    while (json_view_next(&walk, &item)) {
        const char *line = strsep(rest, "\n");
        CU_ASSERT_FATAL(line && strlen(line) == item.length);
        CU_ASSERT_NSTRING_EQUAL(line, item.at, item.length);
    }
    return json_view_integer(json_view_member(visit->body, "next"), after);
}

/* Line by line and byte by byte what the journal's pages tell, and nothing after it. */
static void compare_journal(struct visit *visit, const struct service *service, const char *ledger)
{
    struct command command = {0};
    int64_t after = 0;
    visit->api.ledger = ledger;
    export(&command, service, "jsonl", ledger);
    char *rest = command.out;
    while (compare_page(visit, &rest, &after))
        ;
    CU_ASSERT(rest && *rest == '\0');
    command_free(&command);
}

static void jsonl_is_the_journal(const char *strategy)
{
    struct visit visit;
    struct service *service = begin(&visit, strategy);
    compare_journal(&visit, service, export_ledger);
    compare_journal(&visit, service, "main");
    visit_end(&visit);
}
BOTH_STRATEGIES(jsonl_is_the_journal)

/* The next field of a row, unquoted in place; *last: it ends the row. */
static char *next_field(char **rest, bool *last)
{
    char *field = *rest, *to = *rest, *from = *rest;
    bool quoted = *from == '"';
    from += quoted;
    while (quoted ? (*from != '"' || from[1] == '"') : (*from && !strchr(",\r", *from))) {
        from += quoted && *from == '"';
        *to++ = *from++;
    }
    from += quoted;
    *last = *from != ',';
    *rest = from + (*last ? 2 : 1); /* a comma, or the two of a line end */
    *to = '\0';
    return field;
}

enum { FROM = 6, TO, ASSET, AMOUNT, FROM_BALANCE, TO_BALANCE, FIELDS = 19 };

/* Carry out a row; its balances are those after it. */
static void carry_out(char *const fields[FIELDS], int64_t sums[ACCOUNTS])
{
    int64_t amount = strtoll(fields[AMOUNT], NULL, 10);
    char *from = fields[FROM] + (*fields[FROM] == '\''); /* in front of what looks like a formula */
    char *to = fields[TO] + (*fields[TO] == '\'');
    for (size_t i = 0; i < ACCOUNTS; i++) {
        if (strcmp(accounts[i].id, from) == 0)
            CU_ASSERT_EQUAL(sums[i] -= amount, strtoll(fields[FROM_BALANCE], NULL, 10));
        if (strcmp(accounts[i].id, to) == 0)
            CU_ASSERT_EQUAL(sums[i] += amount, strtoll(fields[TO_BALANCE], NULL, 10));
    }
}

/* Sum what the rows move; the amounts of this ledger fit. */
static size_t sum_rows(char *rest, int64_t sums[ACCOUNTS])
{
    size_t rows = 0;
    for (bool last; *rest; rows++) {
        char *fields[FIELDS];
        for (int i = 0; i < FIELDS; i++) {
            fields[i] = next_field(&rest, &last);
            CU_ASSERT_EQUAL_FATAL(last, i == FIELDS - 1);
        }
        if (rows > 0 && *fields[AMOUNT])
            carry_out(fields, sums);
    }
    return rows;
}

static void csv_adds_up(const char *strategy)
{
    struct visit visit;
    struct command command = {0};
    struct service *service = begin(&visit, strategy);
    int64_t sums[ACCOUNTS] = {0}, balance;
    char text[QUOTED];
    export(&command, service, "csv", export_ledger);
    CU_ASSERT(strncmp(command.out, "seq,at,kind,key,ref,leg,from,to,asset,amount,", 45) == 0);
    CU_ASSERT(sum_rows(command.out, sums) > 2 * ACCOUNTS);
    for (size_t i = 0; i < ACCOUNTS; i++) {
        CU_ASSERT_EQUAL(
            api_balance(&visit.api, escape(accounts[i].id, text), &balance), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(sums[i], balance);
    }
    command_free(&command);
    visit_end(&visit);
}
BOTH_STRATEGIES(csv_adds_up)

/* ---- the accounting formats ------------------------------------------------------------------ */

static const struct program {
    const char *format;
    const char *check[8], *balances[10]; /* without the file, which comes last or is $FILE */
    bool name_first;                     /* of a line of balances; else the amount */
} programs[] = {
    {"hledger", {"hledger", "check", "--strict", "-f", "$FILE"},
        {"hledger", "balance", "--empty", "--no-total", "--flat", "-f", "$FILE"}, false},
    {"ledger", {"ledger", "--strict", "--pedantic", "balance", "-f", "$FILE"},
        {"ledger", "balance", "--flat", "--empty", "--no-total", "--format",
            "%(quantity(amount)) %(account)\n", "-f", "$FILE"},
        false},
    {"beancount", {"bean-check", "$FILE"},
        {"bean-query", "$FILE", "SELECT account, sum(position) GROUP BY account"}, true},
};

enum { PROGRAMS = sizeof programs / sizeof programs[0] };

static void run(struct command *command, const char *const words[], const char *file)
{
    const char *argv[COMMAND_WORDS] = {NULL};
    for (size_t i = 0; words[i]; i++)
        argv[i] = strcmp(words[i], "$FILE") == 0 ? file : words[i];
    command_run(command, argv);
}

/* Whole units with all digits of the asset's scale (up to 18); "0" whatever the scale. */
static void spell(const char *balance, const char *asset, char text[64])
{
    char digits[128];
    bool negative = *balance == '-';
    int scale = (int)strtol(strrchr(asset, '/') + 1, NULL, 10);
    int missing = scale + 1 - (int)strlen(balance + negative);
    snprintf(digits, sizeof digits, "%.*s%s", missing > 0 ? missing : 0, "0000000000000000000",
        balance + negative);
    int whole = (int)strlen(digits) - scale;
    snprintf(text, 64, "%s%.*s%s%.20s", negative ? "-" : "", whole > 20 ? 20 : whole, digits,
        scale ? "." : "", digits + whole);
    if (strcmp(balance, "0") == 0)
        strcpy(text, "0");
}

/* What the program says of an account; "0" if it does not know it. */
static void find_balance(
    const struct program *program, const char *output, const char *name, char text[64])
{
    char line[256], first[128], last[128];
    strcpy(text, "0");
    for (const char *at = output; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        if (sscanf(line, "%127s %127s", first, last) != 2)
            continue;
        const char *end = strchr(line, '\0') - strlen(name); /* a name may hold blanks */
        bool ends = end > line && end[-1] == ' ' && strcmp(end, name) == 0;
        if (program->name_first ? strcmp(first, name) == 0 : ends)
            snprintf(text, 64, "%.63s", program->name_first ? last : first);
    }
    if (strspn(text, "0.") == strlen(text))
        strcpy(text, "0");
}

static void compare_balances(struct visit *visit, const struct program *program, const char *output)
{
    char path[128], balance[64], asset[64], wanted[64], found[64];
    for (size_t i = 0; i < ACCOUNTS; i++) {
        snprintf(path, sizeof path, "/accounts/%s", escape(accounts[i].id, wanted));
        visit->got = api_get(&visit->api, path, &visit->response);
        EXPECT_STATUS(visit, 200);
        visit->body = json_view_read(visit->response.body, visit->response.body_length);
        CU_ASSERT_FATAL(
            json_view_copy(json_view_member(visit->body, "balance"), balance, sizeof balance) &&
            json_view_copy(json_view_member(visit->body, "asset"), asset, sizeof asset));
        spell(balance, asset, wanted);
        find_balance(program, output,
            program->name_first ? accounts[i].beancount : accounts[i].plain, found);
        if (strcmp(found, wanted) != 0)
            printf("\n    %s: %s has %s, not %s\n", program->format, accounts[i].id, found, wanted);
        CU_ASSERT_STRING_EQUAL(found, wanted);
    }
}

static void accepted_with_our_balances(const char *strategy)
{
    struct visit visit;
    struct command command = {0};
    char file[SERVICE_PROGRAM];
    struct service *service = begin(&visit, strategy);
    for (size_t i = 0; i < PROGRAMS; i++) {
        export(&command, service, programs[i].format, export_ledger);
        CU_ASSERT_STRING_EQUAL(command.error, "");
        command_save(&command, service, programs[i].format, file);
        run(&command, programs[i].check, file);
        EXPECT_EXIT(&command, 0);
        run(&command, programs[i].balances, file);
        EXPECT_EXIT(&command, 0);
        compare_balances(&visit, &programs[i], command.out);
    }
    command_free(&command);
    visit_end(&visit);
}
BOTH_STRATEGIES(accepted_with_our_balances)

/* ---- the balances at the end ----------------------------------------------------------------- */

/* Where the n-th balance that the text asserts ends; NULL: there are fewer. */
static char *balance_of(const struct program *program, char *text, int n)
{
    bool beancount = program->name_first;
    const char *begins = beancount                                ? " balance "
                         : strcmp(program->format, "ledger") == 0 ? "\" = "
                                                                  : "\" == ";
    for (text = strstr(text, begins); text && n > 0; n--)
        text = strstr(text + 1, begins);
    char *end = text ? strstr(text + strlen(begins), beancount ? " ~ 0 " : " \"") : NULL;
    return end ? end - 1 : NULL;
}

/* One smallest unit more or less in one of them, and the program refuses the whole. */
static void refused_if_altered(void)
{
    struct visit visit;
    struct command command = {0}, check = {0};
    char file[SERVICE_PROGRAM];
    struct service *service = begin(&visit, "owner");
    for (size_t i = 0; i < PROGRAMS; i++) {
        export(&command, service, programs[i].format, export_ledger);
        CU_ASSERT_PTR_NOT_NULL_FATAL(balance_of(&programs[i], command.out, ACCOUNTS - 1));
        CU_ASSERT_PTR_NULL(balance_of(&programs[i], command.out, ACCOUNTS));
        for (int n = 0; n < ACCOUNTS; n += (ACCOUNTS - 1) / 2) {
            char *digit = balance_of(&programs[i], command.out, n), before = *digit;
            *digit = before == '9' ? '8' : (char)(before + 1);
            command_save(&command, service, "altered", file);
            run(&check, programs[i].check, file);
            CU_ASSERT(check.exit_code > 0 && strlen(check.error) + check.length > 0);
            *digit = before;
        }
    }
    command_free(&command);
    command_free(&check);
    visit_end(&visit);
}

/* Amounts of 38 digits: exact in hledger and ledger, beyond what Beancount computes with. */
static void widest_amounts(void)
{
    static const char wide[] = "export-wide", nines[] = "99999999999999999999999999999999999999";
    struct visit visit;
    struct command command = {0};
    char file[SERVICE_PROGRAM], body[256], text[64];
    struct service *service = begin(&visit, "owner");
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"export-wide\"}");
    visit.api.ledger = wide;
    post(&visit, 201, "/accounts", NULL, "{\"id\":\"parts\",\"asset\":\"P/38\"}");
    post(&visit, 201, "/accounts", NULL, "{\"id\":\"wholes\",\"asset\":\"W/0\"}");
    snprintf(body, sizeof body, "{\"amount\":\"%s\"}", nines);
    post(&visit, 201, "/accounts/parts/deposit", NULL, body);
    post(&visit, 201, "/accounts/wholes/deposit", NULL, body);
    for (size_t i = 0; i < PROGRAMS; i++) {
        export(&command, service, programs[i].format, wide);
        bool warned = strstr(command.error, "warning: there are amounts or balances of more than");
        CU_ASSERT_EQUAL(warned, programs[i].name_first);
        CU_ASSERT_EQUAL(strstr(command.out, "\n; warning: ") != NULL, programs[i].name_first);
        if (programs[i].name_first)
            continue;
        command_save(&command, service, "wide", file);
        run(&command, programs[i].check, file);
        EXPECT_EXIT(&command, 0);
        run(&command, programs[i].balances, file);
        find_balance(&programs[i], command.out, "wholes", text);
        CU_ASSERT_STRING_EQUAL(text, nines);
        find_balance(&programs[i], command.out, "parts", text);
        CU_ASSERT(strncmp(text, "0.", 2) == 0 && strcmp(text + 2, nines) == 0);
    }
    command_free(&command);
    visit_end(&visit);
}

static const struct unit_test tests[] = {BOTH_ROWS(jsonl_is_the_journal), BOTH_ROWS(csv_adds_up),
    BOTH_ROWS(accepted_with_our_balances), {"refused_if_altered", refused_if_altered},
    {"widest_amounts", widest_amounts}, {0}};
const struct unit_suite export_suite = {"export", 2, tests};
