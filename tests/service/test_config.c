/* SPDX-License-Identifier: MIT */
/* What the program is told by its command line, its environment and a file: which of them wins,
 * what is said of a mistake in each, and what --check-config finds. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/command.h"
#include "tests/service/lines.h"

/* A file with that line, then the command. The folder would be made if anything was started. */
#define FILE_WITH(text) "cat >$dir/t.toml <<'END'\n" text "\nEND\n"
#define CHECK "$teller serve --check-config --data $dir/data --config $dir/t.toml"

/* The first that is not served says what was believed: no port has five digits and more. */
static void the_nearer_one_wins(void)
{
    static const struct lines_row rows[] = {
        {2, "t.toml:1: listen is not an address: \"file:99999\"",
            FILE_WITH("listen = \"file:99999\"") CHECK},
        {2, "TELLER_LISTEN is not an address: \"environment:99999\"",
            FILE_WITH("listen = \"file:99999\"") "TELLER_LISTEN=environment:99999 " CHECK},
        {2, "--listen is not an address: \"flag:99999\"",
            FILE_WITH("listen = \"file:99999\"") "TELLER_LISTEN=environment:99999 " CHECK
                                                 " --listen flag:99999"},
        {2, "t.toml:1: listen is not an address",
            FILE_WITH("listen = \"file:99999\"") "TELLER_CONFIG=$dir/t.toml $teller serve"},
        {2, "b.toml:1: listen is not an address",
            FILE_WITH("listen = \"file:99999\"") "cp $dir/t.toml $dir/b.toml;"
                                                 "TELLER_CONFIG=$dir/t.toml $teller serve"
                                                 " --config=$dir/b.toml"},
        /* An empty variable is none. */
        {2, "t.toml:1: listen is not an address",
            FILE_WITH("listen = \"file:99999\"") "TELLER_LISTEN= " CHECK},
        {0, "", FILE_WITH("auth = \"off\"") "TELLER_LISTEN=127.0.0.1:1 " CHECK},
        {2, "t.toml:1: auth off is for loopback only",
            FILE_WITH("auth = \"off\"") "TELLER_LISTEN=0.0.0.0:1 " CHECK},
        {0, "", FILE_WITH("auth = \"off\"") "TELLER_LISTEN=0.0.0.0:1 " CHECK " --auth on"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

static void a_file_says_where_it_is_wrong(void)
{
    static const struct lines_row rows[] = {
        {2, "t.toml:2: there is no key max-request; was max-requests meant?\n",
            FILE_WITH("# limits\nmax-request = 1") CHECK},
        {2, "t.toml:1: there is no key max_requests; was max-requests meant?\n",
            FILE_WITH("max_requests = 1") CHECK},
        {2, "t.toml:1: there is no key qqqqqqqqqq\n", FILE_WITH("qqqqqqqqqq = 1") CHECK},
        {2, "t.toml:1: there is no key config", FILE_WITH("config = \"other\"") CHECK},
        {2, "t.toml:1: workers must be a whole number from 0 to 64\n",
            FILE_WITH("workers = 65") CHECK},
        {2, "t.toml:1: workers must be a whole number from 0 to 64\n",
            FILE_WITH("workers = 99999999999") CHECK},
        {2, "t.toml:1: workers must be a whole number from 0 to 64, without quotation marks\n",
            FILE_WITH("workers = \"2\"") CHECK},
        {2, "t.toml:1: workers must be a whole number", FILE_WITH("workers = 2.0") CHECK},
        {2, "t.toml:1: workers must be a whole number", FILE_WITH("workers = true") CHECK},
        {2, "t.toml:1: data must be a text, in quotation marks\n", FILE_WITH("data = 7") CHECK},
        {2, "t.toml:1: require-sync must be true or false\n",
            FILE_WITH("require-sync = \"on\"") CHECK},
        {2, "t.toml:1: log-format must be auto, lines or json\n",
            FILE_WITH("log-format = \"xml\"") CHECK},
        {2, "t.toml:1: cors-origin must be like",
            FILE_WITH("cors-origin = [\"https://a.example\", \"b\"]") CHECK},
        {2, "t.toml:1: trusted-addresses must be", FILE_WITH("trusted-addresses = [1]") CHECK},
        {2, "t.toml:1: strategy must be owner or sharded", FILE_WITH("strategy = \"x\"") CHECK},
        {2, "t.toml:2: ", FILE_WITH("workers = 1\nworkers 2") CHECK},
        {2, "t.toml:2: ", FILE_WITH("workers = 1\nworkers = 2") CHECK},
        {2, "t.toml:1: ", FILE_WITH("[serve]") CHECK},
        {2, "t.toml:1: there is no key serve", FILE_WITH("serve = { workers = 1 }") CHECK},
        /* All of them at once, here the last. */
        {2, "t.toml:3: there is no key nothing\n",
            FILE_WITH("workers = 65\nauth = \"maybe\"\nnothing = 1") CHECK},
        {2, "cannot read /nowhere/t.toml: No such file", "$teller serve --config /nowhere/t.toml"},
        {2, "it is a folder", "$teller serve --config $dir"},
        {2, "a value is missing after --config", "$teller serve --config"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

/* One file serves all commands, which take from it what they have. */
static void a_file_is_for_all_commands(void)
{
    static const struct lines_row rows[] = {
        {1, "there is no database in /nowhere/at/all",
            FILE_WITH(
                "data = \"/nowhere/at/all\"\nworkers = 2\njson = true") "$teller audit --config "
                                                                        "$dir/t.toml"},
        {2, "t.toml:1: json must be true or false",
            FILE_WITH("json = \"yes\"") "$teller audit --config $dir/t.toml"},
        {3, "",
            FILE_WITH(
                "url = \"http://127.0.0.1:1\"\ntimeout = 0\nmax-streams = 7") "$teller balance "
                                                                              "alice --config "
                                                                              "$dir/t.toml"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

#define PASSWORD "opensesame"

/* It may be in the file, which then is nobody else's; and it is never said. */
static void a_password_is_kept(void)
{
    struct command command = {0};
    static const char file[] =
        FILE_WITH("database = \"postgresql://teller:" PASSWORD "@127.0.0.1:1/x\"\nworkers = 65");
    static const char *const lines[] = {"chmod 644 $dir/t.toml; " CHECK,
        "chmod 640 $dir/t.toml; " CHECK, "chmod 644 $dir/t.toml; sed -i 1d $dir/t.toml; " CHECK};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[1000];
        snprintf(line, sizeof line, "%s%s", file, lines[i]);
        lines_run(&command, line);
        EXPECT_EXIT(&command, 2);
        bool warned =
            strstr(command.error, "database has a password in it, and every user may") != NULL;
        CU_ASSERT_EQUAL(warned, i == 0);
        CU_ASSERT_PTR_NULL(strstr(command.error, PASSWORD));
    }
    command_free(&command);
}

/* ---- what the options name ------------------------------------------------------------------- */

#define CERTIFICATE(name)                                                                          \
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=a"     \
    " -keyout $dir/" name ".key -out $dir/" name ".pem 2>/dev/null; "

static void it_checks_what_is_named(void)
{
    static const struct lines_row rows[] = {
        {0, "", "$teller serve --check-config --data $dir/new && [ ! -e $dir/new ]"},
        {1, "neither it nor the folder", "$teller serve --check-config --data $dir/no/new"},
        {1, "is not a folder", "touch $dir/f; $teller serve --check-config --data $dir/f"},
        {1, "initdb: No such file",
            "$teller serve --check-config --data $dir --postgres-bin $dir/none"},
        {0, "", "$teller serve --check-config --data $dir --postgres-bin $dir --database host=a"},
        {1, "database: invalid",
            "$teller serve --check-config --data $dir --database 'nothing=like'"},
        {1, "database: ", "$teller serve --check-config --data $dir --database 'host=a port'"},
        {0, "",
            "$teller serve --check-config --data $dir --database host=a --read-database host=b"},
        {0, "",
            "$teller serve --check-config --data $dir --database x=host=a --database y=host=b"
            " --read-database y=host=c"},
        {1, "read-database: invalid",
            "$teller serve --check-config --data $dir --database host=a"
            " --read-database 'nothing=like'"},
        {2, "--read-database needs --database",
            "$teller serve --check-config --data $dir --read-database host=b"},
        {2, "--database has none of that name",
            "$teller serve --check-config --data $dir --database x=host=a --read-database host=b"},
        {2, "--database has none of that name",
            "$teller serve --check-config --data $dir --database host=a --read-database x=host=b"},
        {0, "",
            CERTIFICATE("a") "$teller serve --check-config --data $dir --tls-cert $dir/a.pem"
                             " --tls-key $dir/a.key --tls-client-ca $dir/a.pem"},
        {1, "b.key",
            CERTIFICATE("a")
                CERTIFICATE("b") "$teller serve --check-config --data $dir --tls-cert $dir/a.pem"
                                 " --tls-key $dir/b.key"},
        {1, "none.pem",
            CERTIFICATE("a") "$teller serve --check-config --data $dir --tls-cert $dir/none.pem"
                             " --tls-key $dir/a.key"},
        {2, "--open-ledgers must be more than those that --follow names",
            "$teller serve --check-config --open-ledgers 3 --follow a,main,b"},
        {2, "--tls-cert needs --tls-key", "$teller serve --check-config --tls-cert a"},
        {2, "is not HOST:PORT", "$teller serve --check-config --listen 8080"},
    };
    lines_try(rows, sizeof rows / sizeof rows[0]);
}

/* ---- in use ---------------------------------------------------------------------------------- */

/* Flags that are given as settings are as good as flags. */
static void it_serves_by_a_file(void)
{
    static struct service service;
    char path[200];
    service_prepare(&service, "owner", NULL);
    snprintf(path, sizeof path, "%s/teller.toml", service.folder);
    FILE *file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs("# A bank.\nworkers = 1\nlog-answers = \"all\"\nmax-streams = 7\n"
          "trusted-addresses = [\"127.0.0.0/8\", \"::1\"]\nrequire-sync = false\n",
        file);
    CU_ASSERT_EQUAL(fclose(file), 0);
    service.arguments[0] = "--config";
    service.arguments[1] = path;
    CU_ASSERT_FATAL(service_run(&service));
    CU_ASSERT_EQUAL(service_probe(&service, "/livez"), 200);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    static char text[20000];
    service_read_output(&service, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"workers\":1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"message\":\"answered\""));
    service_remove(&service);
}

static const struct unit_test tests[] = {{"the_nearer_one_wins", the_nearer_one_wins},
    {"a_file_says_where_it_is_wrong", a_file_says_where_it_is_wrong},
    {"a_file_is_for_all_commands", a_file_is_for_all_commands},
    {"a_password_is_kept", a_password_is_kept},
    {"it_checks_what_is_named", it_checks_what_is_named},
    {"it_serves_by_a_file", it_serves_by_a_file}, {0}};
const struct unit_suite config_suite = {"config", 2, tests};
