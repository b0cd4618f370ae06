/* SPDX-License-Identifier: MIT */
/*
 * The rules of money as tables: a row is a request, with the expected status last; the rows follow
 * the order of precedence. The accounts start afresh for each row:
 *
 *     a 100, floor 0 | b 0, floor -50 | w 0, no floor | e 100 of another asset | f 100, frozen
 *     t: the largest balance there is | n: the smallest, no floor | m: the smallest, at its floor
 *     h 100, floor 0, of which 60 are held | g 0, floor -50, of which 30 are held
 */
#include <stdio.h>
#include <string.h>

#include "ledger/domain/rules.h"
#include "tests/unit.h"

enum { ACCOUNTS = 10, LEGS = 3, FIRST_SEQ = 10 };
static const char names[] = "abweftnmhg";

static const struct {
    const char *legs; /* "a>b 60, b>w 10"; with a '*' before it the whole ledger is frozen */
    enum ledger_status status;
    char broken;       /* the account that is named */
    const char *after; /* the balances of a, b and w, when it is done */
} cases[] = {
    {"a>a 1", LEDGER_SAME_ACCOUNT, 'a', NULL},
    {"a>b 1, f>f 999", LEDGER_SAME_ACCOUNT, 'f', NULL},
    {"a>e 999, a>a 1", LEDGER_SAME_ACCOUNT, 'a', NULL},
    {"*a>a 1", LEDGER_SAME_ACCOUNT, 'a', NULL},
    {"a>e 1", LEDGER_ASSET_MISMATCH, 'e', NULL},
    {"f>e 999", LEDGER_ASSET_MISMATCH, 'e', NULL},
    {"*a>e 1", LEDGER_ASSET_MISMATCH, 'e', NULL},
    {"w>a 1, a>e 1", LEDGER_ASSET_MISMATCH, 'e', NULL},
    {"f>a 1", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"a>f 1", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"a>f 999", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"*f>a 1", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"w>a 1, a>f 1", LEDGER_ACCOUNT_FROZEN, 'f', NULL},
    {"*a>b 1", LEDGER_ACCOUNT_FROZEN, 0, NULL},
    {"*a>b 101", LEDGER_ACCOUNT_FROZEN, 0, NULL},
    {"a>b 101", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"b>a 51", LEDGER_INSUFFICIENT_FUNDS, 'b', NULL},
    {"a>b 60, a>b 41", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"w>b 1, a>b 101", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"h>b 41", LEDGER_INSUFFICIENT_FUNDS, 'h', NULL}, /* what is held is not free */
    {"g>a 21", LEDGER_INSUFFICIENT_FUNDS, 'g', NULL}, /* nor is it on credit */
    {"a>t 101", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"m>a 1", LEDGER_INSUFFICIENT_FUNDS, 'm', NULL}, /* out of the range, and below the floor */
    {"w>t 1, a>b 101", LEDGER_AMOUNT_OUT_OF_RANGE, 't', NULL},
    {"a>b 101, w>t 1", LEDGER_INSUFFICIENT_FUNDS, 'a', NULL},
    {"a>t 1", LEDGER_AMOUNT_OUT_OF_RANGE, 't', NULL},
    {"n>a 1", LEDGER_AMOUNT_OUT_OF_RANGE, 'n', NULL},
    {"a>b 100", LEDGER_OK, 0, "0 100 0"},
    {"b>a 50", LEDGER_OK, 0, "150 -50 0"},
    {"w>a 1", LEDGER_OK, 0, "101 0 -1"},
    {"h>b 40", LEDGER_OK, 0, "100 40 0"},
    {"g>b 20", LEDGER_OK, 0, "100 20 0"},
    {"a>b 120, w>a 20", LEDGER_OK, 0, "0 120 -20"}, /* below the floor only in between */
    {"a>b 10, b>w 60, w>a 5", LEDGER_OK, 0, "95 -50 55"},
};

static void make_accounts(struct account accounts[ACCOUNTS])
{
    static const int balances[ACCOUNTS] = {100, 0, 0, 100, 100, 0, 0, 0, 100, 0};
    static const int floors[ACCOUNTS] = {0, -50, 0, 0, 0, 0, 0, 0, 0, -50};
    static const int held[ACCOUNTS] = {0, 0, 0, 0, 0, 0, 0, 0, 60, 30};
    for (int i = 0; i < ACCOUNTS; i++) {
        accounts[i] = (struct account){.opened = 1,
            .seq = FIRST_SEQ + 20 + (unsigned)i,
            .moved = FIRST_SEQ + (unsigned)i,
            .has_floor = names[i] != 'w' && names[i] != 'n',
            .frozen = names[i] == 'f',
            .balance = balances[i],
            .held = held[i],
            .floor = floors[i]};
        accounts[i].asset = names[i] == 'e' ? "EUR/2" : "USD/2";
    }
    accounts[5].balance = money_max();
    accounts[6].balance = accounts[7].balance = accounts[7].floor = -money_max();
}

static size_t read_legs(const char *text, struct account *accounts, struct posting *postings)
{
    size_t count = 0;
    char from, to;
    int amount, used;
    text += *text == '*';
    while (sscanf(text, "%c>%c %d%n", &from, &to, &amount, &used) == 3) {
        postings[count++] = (struct posting){.from = &accounts[strchr(names, from) - names],
            .to = &accounts[strchr(names, to) - names],
            .amount = amount};
        text += used;
        if (*text == ',')
            text += 2;
    }
    return count;
}

/* The status is as expected, and the account that it names; true if the row was to be refused. */
static bool is_refused(const char *row, enum ledger_status status, enum ledger_status expected,
    const struct account *accounts, const struct account *broken, char name)
{
    CU_ASSERT_EQUAL(status, expected);
    CU_ASSERT_EQUAL(broken ? names[broken - accounts] : 0, name);
    if (status != expected || (broken ? names[broken - accounts] : 0) != name)
        printf("\n    %s: %s\n", row, status_name(status));
    return status != LEDGER_OK;
}

static void follows_the_ladder(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct account accounts[ACCOUNTS], *broken;
        struct posting postings[LEGS];
        char after[100];
        make_accounts(accounts);
        size_t count = read_legs(cases[i].legs, accounts, postings);
        rules_begin(postings, count);
        enum ledger_status status = rules_decide(postings, count, cases[i].legs[0] == '*', &broken);
        CU_ASSERT(accounts[0].balance == 100); /* deciding changes nothing */
        if (is_refused(cases[i].legs, status, cases[i].status, accounts, broken, cases[i].broken))
            continue;
        rules_link(postings, count);
        CU_ASSERT_EQUAL(postings[count - 1].from_prev,
            FIRST_SEQ + (uint64_t)(postings[count - 1].from - accounts));
        CU_ASSERT_EQUAL(postings[0].to_prev, FIRST_SEQ + (uint64_t)(postings[0].to - accounts));
        rules_apply(postings, count, 77);
        snprintf(after, sizeof after, "%d %d %d", (int)accounts[0].balance,
            (int)accounts[1].balance, (int)accounts[2].balance);
        CU_ASSERT_STRING_EQUAL(after, cases[i].after);
        CU_ASSERT_EQUAL(postings[0].from->seq, 77);
        CU_ASSERT_EQUAL(postings[0].from->moved, 77);
        CU_ASSERT_EQUAL(postings[0].to->moved, 77);
    }
}

/* Several transfers are begun together: each is decided on what those before it would do. */
static void decides_on_drafts(void)
{
    struct account accounts[ACCOUNTS], *broken;
    struct posting first, second;
    make_accounts(accounts);
    read_legs("a>b 60", accounts, &first);
    read_legs("a>b 41", accounts, &second);
    rules_begin(&first, 1);
    rules_begin(&second, 1);
    CU_ASSERT_EQUAL(rules_decide(&first, 1, false, &broken), LEDGER_OK);
    CU_ASSERT_EQUAL(rules_decide(&second, 1, false, &broken), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT(accounts[0].balance == 100);
    second.amount = 40;
    rules_begin(&first, 1);
    rules_begin(&second, 1);
    CU_ASSERT_EQUAL(rules_decide(&first, 1, false, &broken), LEDGER_OK);
    CU_ASSERT_EQUAL(rules_decide(&second, 1, false, &broken), LEDGER_OK);
    CU_ASSERT(first.from_after == 40 && first.to_after == 60);
    CU_ASSERT(second.from_after == 0 && second.to_after == 100);
}

static void marks_waypoints(void)
{
    struct account accounts[ACCOUNTS];
    struct posting postings[LEGS];
    make_accounts(accounts);
    read_legs("a>b 1, a>w 1", accounts, postings);
    accounts[0].steps = ACCOUNT_STEPS - 1; /* its 64th movement; the others' second */
    accounts[1].steps = accounts[2].steps = 1;
    rules_link(postings, 1);
    CU_ASSERT_TRUE(postings[0].from_waypoint);
    rules_unlink(postings); /* as if nothing had been */
    rules_link(postings, 2);
    CU_ASSERT_TRUE(postings[0].from_waypoint);
    CU_ASSERT_FALSE(postings[1].from_waypoint); /* once in an entry */
    CU_ASSERT_FALSE(postings[0].to_waypoint);
    rules_apply(postings, 2, 77);
    CU_ASSERT_EQUAL(accounts[0].steps, 0);
    CU_ASSERT_EQUAL(accounts[1].steps, 2);
    accounts[1].steps = ACCOUNT_STEPS - 1;
    rules_link(postings, 1);
    CU_ASSERT_FALSE(postings[0].from_waypoint);
    CU_ASSERT_TRUE(postings[0].to_waypoint);
}

static const struct {
    const char *leg;
    enum ledger_status status;
    char broken;
} hold_cases[] = {
    {"a>a 1", LEDGER_SAME_ACCOUNT, 'a'},
    {"a>e 1", LEDGER_ASSET_MISMATCH, 'e'},
    {"f>a 1", LEDGER_ACCOUNT_FROZEN, 'f'},
    {"a>f 999", LEDGER_ACCOUNT_FROZEN, 'f'},
    {"*a>b 1", LEDGER_ACCOUNT_FROZEN, 0},
    {"a>b 101", LEDGER_INSUFFICIENT_FUNDS, 'a'},
    {"h>b 41", LEDGER_INSUFFICIENT_FUNDS, 'h'},
    {"g>b 21", LEDGER_INSUFFICIENT_FUNDS, 'g'},
    {"w>b 1", LEDGER_AMOUNT_OUT_OF_RANGE, 'w'}, /* all that there can be is held already */
    {"a>b 100", LEDGER_OK, 0},
    {"a>t 1", LEDGER_OK, 0}, /* whether there is room is for the capture to say */
    {"h>b 40", LEDGER_OK, 0},
    {"g>b 20", LEDGER_OK, 0},
    {"n>b 999", LEDGER_OK, 0},
};

static void reserves(void)
{
    for (size_t i = 0; i < sizeof hold_cases / sizeof hold_cases[0]; i++) {
        struct account accounts[ACCOUNTS], *broken;
        struct posting posting;
        make_accounts(accounts);
        accounts[2].held = money_max();
        read_legs(hold_cases[i].leg, accounts, &posting);
        struct account *from = posting.from;
        money held = from->held, balance = from->balance;
        enum ledger_status status =
            rules_decide_hold(&posting, hold_cases[i].leg[0] == '*', &broken);
        CU_ASSERT(from->held == held);
        if (is_refused(hold_cases[i].leg, status, hold_cases[i].status, accounts, broken,
                hold_cases[i].broken))
            continue;
        uint64_t moved = from->moved;
        rules_reserve(from, posting.amount, 77);
        CU_ASSERT(from->held == held + posting.amount);
        CU_ASSERT(from->balance == balance);
        CU_ASSERT_EQUAL(from->seq, 77);
        CU_ASSERT_EQUAL(from->moved, moved); /* its money did not move */
        rules_reserve(from, -posting.amount, 78);
        CU_ASSERT(from->held == held);
        CU_ASSERT_EQUAL(from->seq, 78);
    }
}

static const struct {
    const char *leg;
    int reserved;
    enum ledger_status status;
    char broken;
} capture_cases[] = {
    {"*h>b 61", 60, LEDGER_ACCOUNT_FROZEN, 0},
    {"h>f 60", 60, LEDGER_ACCOUNT_FROZEN, 'f'},
    {"h>b 61", 60, LEDGER_CAPTURE_EXCEEDS_HOLD, 'h'},
    {"h>b 41", 40, LEDGER_CAPTURE_EXCEEDS_HOLD, 'h'}, /* of this hold, whatever others hold */
    {"h>t 1", 60, LEDGER_AMOUNT_OUT_OF_RANGE, 't'},
    {"h>b 60", 60, LEDGER_OK, 0},
    {"h>b 1", 60, LEDGER_OK, 0},
    {"h>b 40", 40, LEDGER_OK, 0},
    {"g>b 30", 30, LEDGER_OK, 0},
};

static void captures(void)
{
    for (size_t i = 0; i < sizeof capture_cases / sizeof capture_cases[0]; i++) {
        struct account accounts[ACCOUNTS], *broken;
        struct posting posting;
        make_accounts(accounts);
        read_legs(capture_cases[i].leg, accounts, &posting);
        money held = posting.from->held, balance = posting.from->balance;
        enum ledger_status status = rules_decide_capture(
            &posting, capture_cases[i].reserved, capture_cases[i].leg[0] == '*', &broken);
        CU_ASSERT(posting.from->held == held && posting.from->balance == balance);
        if (!is_refused(capture_cases[i].leg, status, capture_cases[i].status, accounts, broken,
                capture_cases[i].broken))
            CU_ASSERT(posting.from_after == balance - posting.amount);
    }
}

static void tells_what_is_available(void)
{
    struct account account = {.has_floor = true, .floor = -50, .balance = 20};
    CU_ASSERT(account_available(&account) == 70);
    account.held = 30;
    CU_ASSERT(account_available(&account) == 40);
    account.has_floor = false;
    CU_ASSERT(account_available(&account) == money_max());
    account = (struct account){.has_floor = true, .floor = -money_max(), .balance = money_max()};
    CU_ASSERT(account_available(&account) == money_max());
}

/* The names are what clients see; the frozen ones are those that the rules give. */
static void names_each_status(void)
{
    int rejections = 0;
    for (int i = 0; i < LEDGER_STATUS_COUNT; i++) {
        enum ledger_status status = (enum ledger_status)i;
        CU_ASSERT_EQUAL(status_of_name(status_name(status)), status);
        CU_ASSERT(strlen(status_text(status)) > 0);
        rejections += status_is_rejection(status);
    }
    CU_ASSERT_EQUAL(status_of_name("no such name"), LEDGER_STATUS_COUNT);
    CU_ASSERT_EQUAL(rejections, 8);
    CU_ASSERT_TRUE(status_is_rejection(LEDGER_ALREADY_REVERSED));
    CU_ASSERT_TRUE(status_is_rejection(LEDGER_AMOUNT_OUT_OF_RANGE));
    CU_ASSERT_FALSE(status_is_rejection(LEDGER_HOLD_NOT_FOUND));
    CU_ASSERT_FALSE(status_is_rejection(LEDGER_NOT_EXECUTED));
}

static const struct unit_test tests[] = {{"follows_the_ladder", follows_the_ladder},
    {"decides_on_drafts", decides_on_drafts}, {"marks_waypoints", marks_waypoints},
    {"reserves", reserves}, {"captures", captures},
    {"tells_what_is_available", tells_what_is_available}, {"names_each_status", names_each_status},
    {0}};
const struct unit_suite rules_suite = {.name = "rules", .tests = tests};
