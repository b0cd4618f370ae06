/* SPDX-License-Identifier: MIT */
#include "server/cmd/cmd_token_print.h"

#include <inttypes.h>
#include <stdio.h>

#include "server/auth/token_json.h"

enum { MEMORY = 2048 };

static void end_line(struct json_out *out)
{
    fwrite(out->text, 1, out->length, stdout);
    putchar('\n');
    arena_clear(out->arena);
}

/* Lines with commas between; "-": none. */
static void print_bindings(const char *lines)
{
    if (!lines)
        putchar('-');
    for (; lines && *lines; lines++)
        putchar(*lines == '\n' ? ',' : *lines);
}

static void print_row(const struct token *token)
{
    const char *ends = token->expires_at[0] ? token->expires_at : "-";
    printf("%-6" PRId64 " %-6s %-7s %-28s %-28s %-6" PRIu32 " ", token->id, token->scope,
        token_json_state(token), token->created_at, token->revoked_at[0] ? token->revoked_at : ends,
        token->rate);
    print_bindings(token->ledgers);
    putchar(' ');
    print_bindings(token->prefixes);
    printf(" %s\n", token->name);
}

void cmd_token_print(const struct token *tokens, size_t count, bool json)
{
    char memory[MEMORY];
    struct arena arena;
    struct json_out out;
    arena_init(&arena, memory, sizeof memory);
    if (!json)
        printf("%-6s %-6s %-7s %-28s %-28s %-6s %s %s %s\n", "ID", "SCOPE", "STATE", "CREATED",
            "ENDS/REVOKED", "RATE", "LEDGERS", "PREFIXES", "NAME");
    for (size_t i = 0; i < count; i++) {
        if (!json) {
            print_row(&tokens[i]);
            continue;
        }
        json_out_begin(&out, &arena);
        token_json_write(&out, &tokens[i], NULL);
        end_line(&out);
    }
}

void cmd_token_print_acts_begin(bool json)
{
    if (!json)
        printf("%-6s %-28s %-8s %-6s %-24s %s\n", "NO", "AT", "ACT", "TOKEN", "NAME", "BY");
}

void cmd_token_print_acts(const struct token_act *acts, size_t count, bool json)
{
    char memory[MEMORY];
    struct arena arena;
    struct json_out out;
    arena_init(&arena, memory, sizeof memory);
    for (size_t i = 0; i < count; i++) {
        const struct token_act *act = &acts[i];
        if (json) {
            json_out_begin(&out, &arena);
            token_json_write_act(&out, act);
            end_line(&out);
            continue;
        }
        printf("%-6" PRId64 " %-28s %-8s %-6" PRId64 " %-24s %s", act->no, act->at, act->act,
            act->token, act->name, act->by_name);
        if (act->by_token)
            printf(" (token %" PRId64 ")", act->by_token);
        putchar('\n');
    }
}
