/* SPDX-License-Identifier: MIT */
/* The commands for people: what they say and how they end; and that a payment is made once, however
 * often the command and the service are killed on the way. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/service/command.h"
#include "tests/service/joint.h"
#include "tests/service/secret.h"
#include "tests/service/visit.h"

/* A line of bash; $teller is the program, which finds service, token and a state of the test's own
 * in its environment; $dir the service's folder; $secret where it speaks TLS. */
static void run_line(struct command *command, const struct service *service, const char *line)
{
    char program[SERVICE_PROGRAM], whole[4 * SERVICE_PROGRAM];
    service_program(program);
    int length = snprintf(whole, sizeof whole,
        "export TELLER_URL=%s TELLER_TOKEN_FILE=%s/admin.token TELLER_STATE=%s/state;"
        " teller='timeout 120 %s'; dir=%s; secret=127.0.0.1:%d; %s",
        service->url, service->folder, service->folder, program, service->folder, service->inner,
        line);
    co_ensure(length > 0 && length < (int)sizeof whole);
    const char *const argv[] = {"/bin/bash", "-c", whole, NULL};
    command_run(command, argv);
}

struct row {
    int code;
    const char *said; /* on either output; begins with "=": all of standard output, but its end */
    const char *line;
};

static void run_rows(struct service *service, const struct row *rows)
{
    struct command command = {0};
    for (; rows->line; rows++) {
        run_line(&command, service, rows->line);
        bool whole = *rows->said == '=';
        size_t length = strlen(rows->said + whole);
        bool good = whole ? strncmp(command.out, rows->said + 1, length) == 0 &&
                                strcmp(command.out + length, "\n") == 0
                          : strstr(command.out, rows->said) || strstr(command.error, rows->said);
        if (!good || command.exit_code != rows->code)
            printf("\n    %s", rows->line);
        EXPECT_EXIT(&command, rows->code);
        if (!good)
            command_print(&command);
        CU_ASSERT(good);
    }
    command_free(&command);
}

/* One after the other, against one service. */
static void each_says_what_it_should(void)
{
    static const struct row rows[] = {
        {0, "=account ann in USD/2 opened", "$teller accounts open ann USD/2 --table"},
        {0, "=account ann in USD/2 is there already", "$teller accounts open ann USD/2 --table"},
        {0, "\"floor\":\"-500\"", "$teller accounts open bob USD/2 --floor -5"},
        {0, "\"floor\":null", "$teller accounts open eve EUR/2 --floor none"},
        {1, "409 account_exists", "$teller accounts open ann EUR/2"},
        {0, "balance of ann          10.05 USD", "$teller deposit ann 10.05 --table"},
        {0, "\"balances\":{\"ann\":\"905\",\"bob\":\"100\"}", "$teller transfer ann bob '1 USD'"},
        {0, "\"metadata\":{\"for\":\"tea\"}",
            "$teller withdraw bob 0.01 --metadata '{\"for\":\"tea\"}'"},
        {1, "422 insufficient_funds", "$teller transfer ann bob 99"},
        {1, "\"code\":\"insufficient_funds\"", "$teller transfer ann bob 99 2>/dev/null"},
        {1, "422 asset_mismatch", "$teller transfer ann eve 1"},
        {1, "404 account_not_found", "$teller deposit nobody 1"},
        {2, "has 3 decimals, USD has 2", "$teller deposit ann 1.005"},
        {2, "is not an amount of USD", "$teller deposit ann 1EUR"},
        {2, "unexpected -1", "$teller deposit ann -1"},
        {2, "teller: AMOUNT is missing", "$teller transfer ann bob"},
        {2, "teller: something is missing", "$teller hold capture"},
        {2, "--json or --table, not both", "$teller balance ann --json --table"},
        {2, "there is no token in", "$teller balance ann --token-file /dev/null"},
        {2, "cannot read the token", "$teller balance ann --token-file /nowhere"},
        {3, "no answer from", "$teller balance ann --url http://127.0.0.1:1 --timeout 0"},
        {2, "are for https://", "$teller balance ann --ca /etc/passwd"},
        {2, "are for https://", "$teller balance ann --client-key /etc/passwd"},
        {2, "No such file", "$teller balance ann --url https://127.0.0.1 --ca /nowhere"},
        {2, "not certificates", "$teller balance ann --url https://127.0.0.1 --ca /dev/null"},
        {2, "a certificate and its key are needed",
            "$teller balance ann --url https://127.0.0.1 --client-cert /etc/passwd"},
        {2, "without a path", "$teller balance ann --url https://127.0.0.1/v1"},
        {2, "without a path", "$teller balance ann --url http://127.0.0.1/v1"},
        {2, "--help says more", "$teller balance ann --no-such-flag"},
        {3, "nothing was sent",
            "$teller accounts open zoe USD/2 >&2;"
            " $teller deposit zoe 1 --timeout 0 --state /proc/nowhere"},
        {5, "(401", "echo no > $dir/no; $teller deposit ann 1 --token-file $dir/no"},
        {0, "\"replayed\":\"same\"",
            "a=$($teller deposit ann 1 --key k1) && b=$($teller deposit ann 1 --key k1) &&"
            " [ \"$a\" = \"$b\" ] && echo '\"replayed\":\"same\"'"},
        {1, "422 key_reused", "$teller deposit ann 2 --key k1"},
        {0, "available   10.05 USD", "$teller balance ann --table"},
        {0, "balance     0.00 USD", "$teller balance ann --table --at 2"},
        {0, "SEQ  TIME (UTC)           KIND      WITH            AMOUNT    BALANCE",
            "$teller statement ann --table"},
        {0, "=3", "$teller statement ann --all | wc -l"},
        {0, "=1", "$teller statement ann --limit 1 | wc -l"},
        {0, "ann           10.05 USD  0.00 USD", "$teller accounts --table"},
        {0, "=3", "$teller accounts --asset USD/2 --prefix '' | grep -vc world"},
        {0, "=1,2,3,4,5", "$teller tail --after 0 --limit 5 | jq -r .seq | paste -sd,"},
        {0, "ann -> bob                              1.00 USD",
            "$teller tail --after 0 --limit 9 --table"},
        {0, "held", "$teller hold ann bob 2 --expires-in 900 --table"},
        {0, "captured  0.50 USD",
            "id=$($teller hold place ann bob 3 | jq .id) &&"
            " $teller hold capture $id 0.5 --table"},
        {1, "409 already_settled",
            "id=$($teller hold place ann bob 1 | jq .id) &&"
            " $teller hold release $id >/dev/null &&"
            " $teller hold release $id --key k9"},
        {0, "\"status\":\"held\"", "$teller hold show $($teller hold ann bob 1 | jq .id)"},
        {0, "is without an outcome", "$teller resume"},
        {0, "=0", "ls $dir/state | wc -l"},
        {0, NULL, NULL},
    };
    static struct service service;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    run_rows(&service, rows);
    service_remove(&service);
}

/* At a terminal it is said what is waited for; elsewhere only how it ended. */
static void waiting_is_told(void)
{
#define NOBODY "$teller balance ann --timeout 4 --url http://127.0.0.1:1"
    static const struct row rows[] = {
        {0, "no answer from http://127.0.0.1:1: Connection refused; trying for",
            "script -qc \"" NOBODY "\" /dev/null"},
        {0, "=1", NOBODY " 2>&1 | grep -c answer"},
        {0, "ann", "$teller accounts open ann USD/2"},
        {0, " accounts\r\033[K", "script -qec \"$teller accounts >$dir/x\" /dev/null"},
        {0, "=0", "$teller accounts 2>&1 >$dir/x | wc -c"},
        {0, NULL, NULL},
    };
    static struct service service;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    run_rows(&service, rows);
    service_remove(&service);
}

/* ---- killed on the way -------------------------------------------------------------------- */

enum { KILLS = 6, KILLS_MAX = 1000 };

struct victim {
    struct service *service;
    int64_t after_ns;
    struct co_waitgroup done;
};

static void kill_and_restart(void *arg)
{
    struct victim *victim = arg;
    co_sleep(victim->after_ns);
    service_kill(victim->service);
    CU_ASSERT(service_run(victim->service));
    co_waitgroup_done(&victim->done);
}

struct killing {
    int kills;
    int left; /* commands that were killed when they had told, so perhaps before they forgot */
};

/* The same command until it says that it is done; each time but the last it is killed. The
 * time that it has grows. */
static void pay_killed(
    struct service *service, struct dice *dice, const char *cents, struct killing *killing)
{
    char program[SERVICE_PROGRAM], seconds[32], token[SERVICE_PROGRAM], state[SERVICE_PROGRAM];
    static struct command command;
    service_program(program);
    snprintf(token, sizeof token, "%s/admin.token", service->folder);
    snprintf(state, sizeof state, "%s/state", service->folder);
    for (uint64_t most_ms = 30;; most_ms += most_ms < 20000 ? most_ms / 2 : 0) {
        unsigned ms = 1 + (unsigned)dice_below(dice, most_ms);
        snprintf(seconds, sizeof seconds, "%u.%03u", ms / 1000, ms % 1000);
        const char *const argv[] = {"timeout", "-s", "KILL", seconds, program, "transfer", "payer",
            "shop", cents, "--url", service->url, "--token-file", token, "--state", state, NULL};
        command_run(&command, argv);
        /* What was told whole was told: after that the same command is another payment. */
        bool told = command.length > 0 && command.out[command.length - 1] == '\n';
        if (command.exit_code == 0 || told)
            break;
        if (command.exit_code != 137) /* no other end */
            EXPECT_EXIT(&command, 137);
        killing->kills++;
    }
    killing->left += command.exit_code != 0;
    CU_ASSERT(strncmp(command.out, "{\"id\":", 6) == 0);
    command_free(&command);
}

/* Each amount from 1 to `count` was paid, once. */
static void look_at_books(struct service *service, int64_t count)
{
    static int times[KILLS_MAX + 1];
    struct visit visit;
    struct json_view item;
    int64_t amount;
    memset(times, 0, sizeof times);
    visit_begin(&visit, service);
    visit_get(&visit, "/accounts/shop/entries?limit=1000");
    EXPECT_STATUS(&visit, 200);
    struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
    while (json_view_next(&walk, &item))
        if (json_view_integer(json_view_member(item, "amount"), &amount) && amount <= count)
            times[amount]++;
    for (int64_t i = 1; i <= count; i++) {
        if (times[i] != 1)
            printf("\n    %lld was paid %d times\n    ", (long long)i, times[i]);
        CU_ASSERT_EQUAL(times[i], 1);
    }
    CU_ASSERT(visit_balance_is(&visit, "shop", count * (count + 1) / 2));
    visit_end(&visit);
}

/* DESK_KILLS in the environment says how often; `make desk-kills` has 200. The service dies in each
 * third payment, and in the long form in each. */
static void killed_it_pays_once(void)
{
    const char *given = getenv("DESK_KILLS");
    int wanted = given ? (int)strtol(given, NULL, 10) : KILLS, paid = 0, deaths = 0;
    struct killing killing = {0};
    static struct service service;
    struct dice dice = dice_make(unit_seed(), 21);
    struct visit visit;
    static struct command command;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "payer", 10000000) && visit_fund(&visit, "shop", 0));
    visit_end(&visit);
    while ((killing.kills < wanted || deaths < wanted / 3) && paid < KILLS_MAX) {
        char amount[32];
        struct victim victim = {.service = &service};
        bool dies = given || paid % 3 == 0;
        if (dies) {
            victim.after_ns = (int64_t)dice_below(&dice, 120) * CO_CLOCK_MS;
            co_waitgroup_add(&victim.done, 1);
            co_ensure(co_spawn(kill_and_restart, &victim));
        }
        paid++;
        snprintf(amount, sizeof amount, "%d.%02d", paid / 100, paid % 100);
        pay_killed(&service, &dice, amount, &killing);
        deaths += dies;
        co_waitgroup_wait(&victim.done);
    }
    look_at_books(&service, paid);
    printf("[%d paid, %d commands and %d services killed] ", paid, killing.kills, deaths);
    run_line(&command, &service, "ls $dir/state | wc -l");
    CU_ASSERT(command.length > 0 && strtol(command.out, NULL, 10) <= killing.left);
    command_free(&command);
    service_remove(&service);
}

/* Two servers: $other has no ledger, and follows that of the first. */
static void of_another_server(void)
{
    static const struct row rows[] = {
        {0, "opened", "$teller accounts open ann USD/2 --table"},
        {0, "balance", "$teller deposit ann 10 --key k1"},
        {0, "=1", "$teller hold ann world:USD.2 1 | jq .amount | grep -c 100"},
        /* Until it follows, the owner says it. */
        {0, "=true",
            "for i in {1..600}; do b=$($teller balance ann --stale $other | jq '.as_of.behind_s > "
            "0');"
            " [ \"$b\" = false ] || break; sleep 0.1; done; echo $b"},
        {0, "s behind", "$teller balance ann --stale --least 4 --table $other"},
        {0, "as of seq 4, 0.", "$teller statement ann --stale --least 4 --table $other"},
        {0, "as of seq 4, 0.", "$teller accounts --stale --least 4 --table $other"},
        {0, "as of seq 4, 0.", "$teller hold show 4 --stale --least 4 --table $other"},
        {0, "=4", "$teller hold show 4 --stale --least 4 $other | jq .as_of.seq"},
        {0, "=4", "$teller statement ann --stale --least 4 $other | jq .as_of.seq | sort -u"},
        {0, "=ann", "$teller accounts --prefix ann --stale --least 4 $other | jq -r .id"},
        {0, "=2,3,4",
            "$teller tail --stale --least 4 --after 1 --limit 3 $other | jq -r .seq | paste -sd,"},
        {0, "10.00 USD", "$teller tail --stale --after 1 --limit 3 --table $other"},
        /* The owner's word; and without the flags there is no word of it. */
        {0, "=as of seq 4", "$teller balance ann --least 4 --table $other | tail -n 1"},
        {0, "=0", "$teller balance ann --least 4 $other | jq .as_of.behind_s"},
        {0, "=null", "$teller balance ann $other | jq .as_of"},
        {0, "=0", "$teller balance ann --table $other | grep -c 'as of'; true"},
        {1, "It is at seq 4. (409 position_ahead)",
            "$teller balance ann --stale --least 1000 $other"},
        {2, "--least must be a whole number from 1", "$teller balance ann --least 0 $other"},
        {2, "unknown flag --stale", "$teller deposit ann 1 --stale $other"},
        /* What is paid is the owner's to say, whatever the flags say of reads. */
        {0, "\"replayed\"",
            "$teller hold place ann world:USD.2 1 --stale --key k2 $other && echo '\"replayed\"'"},
        {0, NULL, NULL},
    };
    static const struct row away[] = {
        {0, "=1000", "$teller balance ann --stale $other | jq -r .balance"},
        {0, NULL, NULL},
    };
    static struct joint joint;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    char other[SERVICE_PROGRAM];
    snprintf(other, sizeof other, "--url %s", joint.other->url);
    co_ensure(setenv("other", other, 1) == 0);
    run_rows(&joint.owner, rows);
    kill(joint.owner.pid, SIGSTOP);
    run_rows(&joint.owner, away);
    kill(joint.owner.pid, SIGCONT);
    co_ensure(unsetenv("other") == 0);
    joint_remove(&joint);
}

/* Over TLS, by name and by number; with those whom the system trusts it trusts nobody here. */
static void over_tls(void)
{
#define AT "--url https://$secret --ca $dir/tls/ca.pem"
#define LOAD "${teller}-load double-withdraw --rounds 2 --token-file $dir/admin.token --json "
    static const struct row rows[] = {
        {0, "=account ann in USD/2 opened", "$teller accounts open ann USD/2 --table " AT},
        {0, "\"balance",
            "TELLER_URL=https://localhost:${secret#*:} $teller deposit ann 10 --ca "
            "$dir/tls/ca.pem"},
        {0, "=1,2", "$teller tail --after 0 --limit 2 " AT " | jq -r .seq | paste -sd,"},
        /* Another try would end alike, so none is made: there would be no end to this one. */
        {3, "unable to get local issuer certificate",
            "$teller balance ann --timeout 86400 --url https://$secret"},
        {3, "unable to get local issuer",
            "$teller deposit ann 1 --timeout 86400 --url https://$secret"},
        {3, "no events from", "$teller tail --timeout 86400 --after 0 --url https://$secret"},
        {0, "available   10.00 USD", "$teller balance ann --table " AT},
        {0, "\"verdict\":\"kept\"", LOAD AT},
        {2, "certificate not accepted", LOAD "--url https://$secret"},
        {2, "No such file", LOAD "--url https://$secret --ca /nowhere"},
        {2, "are for https://", LOAD "--url http://$secret --ca $dir/tls/ca.pem"},
        {0, NULL, NULL},
    };
    struct service service;
    CU_ASSERT_FATAL(secret_make(&service, "owner", NULL));
    run_rows(&service, rows);
    service_remove(&service);
}

/* A service that asks who knocks. */
static void with_a_certificate(void)
{
#define MINE " --client-cert $dir/tls/client.pem --client-key $dir/tls/client.key"
    static const struct row rows[] = {
        {0, "=account ann in USD/2 opened", "$teller accounts open ann USD/2 --table " AT MINE},
        {0, "\"verdict\":\"kept\"", LOAD AT MINE},
        {3, "maybe it wants a certificate", "$teller balance ann --timeout 0 " AT},
        {2, "key",
            "$teller balance ann " AT " --client-cert $dir/tls/client.pem "
            "--client-key $dir/tls/stranger.key"},
        {0, NULL, NULL},
    };
    struct service service;
    char ca[SERVICE_PROGRAM];
    const char *arguments[] = {"--tls-client-ca", ca, NULL};
    service_prepare(&service, "owner", arguments);
    service.secret = true;
    secret_path(&service, "ca.pem", ca);
    CU_ASSERT_FATAL(service_run(&service));
    run_rows(&service, rows);
    service_remove(&service);
}

const struct unit_suite desk_suite = {"desk", 2,
    (const struct unit_test[]){{"each_says_what_it_should", each_says_what_it_should},
        {"waiting_is_told", waiting_is_told}, {"of_another_server", of_another_server},
        {"over_tls", over_tls}, {"with_a_certificate", with_a_certificate},
        {"killed_it_pays_once", killed_it_pays_once}, {0}}};
