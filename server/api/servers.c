/* SPDX-License-Identifier: MIT */
#include "server/api/servers.h"

#include "coro/clock.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/ledgers.h"
#include "server/text/time_text.h"

/* A ledger, and where it is. */
struct whereabouts {
    const char *name, *state, *database;
    struct bank_owner owner;
    bool is_told;
};

struct survey {
    struct whereabouts *ledgers;
    size_t count;
};

/* Of a ledger of another server no more is known than what the database says. */
static const char *state_of(const struct ledger_figures *figures, const struct bank_owner *owner)
{
    if (banks_owner_is_other(owner))
        return owner->stopped ? "stopped" : "running";
    /* Its keeper learns a moment later than this that the other one has gone. */
    bool is_left = figures->state == LEDGER_ELSEWHERE || figures->state == LEDGER_FOLLOWING ||
                   figures->state == LEDGER_CLOSED; /* it is being opened */
    return ledgers_state_name(is_left ? LEDGER_OPENING : figures->state);
}

static void survey_bank(struct banks *banks, size_t database, const size_t *indexes, size_t count,
    struct survey *survey)
{
    struct bank *bank = banks_at(banks, database);
    for (size_t i = 0; i < count; i++) {
        struct whereabouts *ledger = &survey->ledgers[survey->count];
        struct ledger_figures figures;
        bank_figures(bank, indexes[i], &figures);
        /* One that was made a moment ago is not known to the database's next look yet. */
        if (!bank_owner(bank, figures.name, &ledger->owner))
            continue;
        ledger->owner.database = database;
        ledger->database = banks_database(banks, database);
        ledger->name = figures.name;
        ledger->state = state_of(&figures, &ledger->owner);
        ledger->is_told = false;
        survey->count++;
    }
}

/* All of it is read before any of it is told, so that each ledger is told once. Those that are at
 * rest everywhere are not told: there may be very many. */
static void take_survey(struct call *call, struct survey *survey)
{
    struct banks *banks = call->api->banks;
    size_t counts[DATABASE_LIST_MAX] = {0}, count = 0;
    size_t *indexes[DATABASE_LIST_MAX] = {NULL};
    *survey = (struct survey){.count = 0};
    for (size_t i = 0; i < banks_count(banks); i++) {
        struct bank *bank = banks_at(banks, i);
        size_t room = bank ? bank_count(bank) : 0;
        indexes[i] = arena_alloc(call->arena, (room + 1) * sizeof *indexes[i]);
        count += counts[i] = bank ? bank_list_open(bank, indexes[i], room) : 0;
    }
    survey->ledgers = arena_alloc(call->arena, (count + 1) * sizeof *survey->ledgers);
    for (size_t i = 0; i < banks_count(banks); i++)
        survey_bank(banks, i, indexes[i], counts[i], survey);
}

static void write_ledger(struct json_out *out, struct whereabouts *ledger)
{
    json_out_open(out, '{');
    json_out_key(out, "ledger");
    json_out_text(out, ledger->name);
    json_out_key(out, "database");
    json_out_text(out, ledger->database);
    json_out_key(out, "epoch");
    json_out_number(out, ledger->owner.epoch);
    json_out_key(out, "state");
    json_out_text(out, ledger->state);
    json_out_close(out, '}');
    ledger->is_told = true;
}

struct place { /* of a server: in which database it has that number */
    size_t database;
    const char *name;
    uint64_t this; /* the number of this one */
};

static void write_server(struct json_out *out, struct survey *survey, const struct place *place,
    const struct lease_peer *server)
{
    int64_t now_ns = co_clock_boot_ns();
    char entered[TIME_TEXT];
    time_text(server->entered_us, entered);
    int64_t age_ms = (now_ns - server->since_ns) / CO_CLOCK_MS;
    json_out_open(out, '{');
    json_out_key(out, "server");
    json_out_number(out, server->no);
    json_out_key(out, "database");
    json_out_text(out, place->name);
    json_out_key(out, "url");
    json_out_text(out, server->url);
    json_out_key(out, "this");
    json_out_bool(out, server->no == place->this);
    json_out_key(out, "entered_at");
    json_out_text(out, entered);
    json_out_key(out, "beat_age_ms");
    json_out_number(out, age_ms > 0 ? (uint64_t)age_ms : 0);
    json_out_key(out, "entries_per_second");
    json_out_number(out, server->load);
    json_out_key(out, "leaving");
    json_out_bool(out, server->leaving);
    json_out_key(out, "ledgers");
    json_out_open(out, '[');
    for (size_t i = 0; i < survey->count; i++)
        if (survey->ledgers[i].owner.database == place->database &&
            survey->ledgers[i].owner.server == server->no)
            write_ledger(out, &survey->ledgers[i]);
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void write_servers(
    struct json_out *out, struct survey *survey, struct banks *banks, size_t database)
{
    struct bank *bank = banks_at(banks, database);
    const struct place place = {database, banks_database(banks, database), bank_server(bank)};
    struct lease_peer server;
    for (size_t i = 0; bank_peer(bank, i, &server); i++)
        write_server(out, survey, &place, &server);
}

void servers_list(struct call *call)
{
    struct survey survey;
    struct json_out out;
    take_survey(call, &survey);
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "servers");
    json_out_open(&out, '[');
    for (size_t i = 0; i < banks_count(call->api->banks); i++)
        if (banks_at(call->api->banks, i))
            write_servers(&out, &survey, call->api->banks, i);
    json_out_close(&out, ']');
    json_out_key(&out, "cluster_control");
    json_out_bool(&out, call->api->control != NULL);

    /* What is left: nobody's, or of a server that has gone between the two looks. */
    json_out_key(&out, "free");
    json_out_open(&out, '[');
    for (size_t i = 0; i < survey.count; i++)
        if (!survey.ledgers[i].is_told)
            write_ledger(&out, &survey.ledgers[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    call_ok_anywhere(call, &out);
}
