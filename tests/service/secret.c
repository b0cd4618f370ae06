/* SPDX-License-Identifier: MIT */
#include "tests/service/secret.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/worker.h"
#include "loadtest/client.h"
#include "tests/unit.h"

extern char **environ;

bool secret_is_asked_for(void)
{
    return getenv("TEST_TLS") != NULL;
}

void secret_path(const struct service *service, const char *name, char path[SERVICE_PROGRAM])
{
    snprintf(path, SERVICE_PROGRAM, "%s/tls/%s", service->folder, name);
}

void secret_flags(
    const struct service *service, char text[SECRET_TEXT], const char *words[SECRET_WORDS])
{
    int length = snprintf(text, SECRET_TEXT, "%s/tls/server.pem", service->folder);
    snprintf(
        text + length + 1, SECRET_TEXT - (size_t)length - 1, "%s/tls/server.key", service->folder);
    words[0] = "--tls-cert";
    words[1] = text;
    words[2] = "--tls-key";
    words[3] = text + length + 1;
}

/* ---- the tunnel ---------------------------------------------------------------------------- */

/* Bytes only. It shows the client's certificate, which a service that asks for none lets be. */
static void write_configuration(const struct service *service, const char *path)
{
    char pem[SERVICE_PROGRAM], ca[SERVICE_PROGRAM];
    FILE *file = fopen(path, "we");
    co_ensure(file);
    secret_path(service, "client-both.pem", pem);
    secret_path(service, "ca.pem", ca);
    fprintf(file,
        "global\n  tune.sndbuf.client 131072\n  tune.rcvbuf.server 131072\n  maxconn 6000\n  "
        "ssl-server-verify required\n  nbthread 1\n"
        "defaults\n  mode tcp\n  timeout connect 60s\n  timeout client 1h\n  timeout server 1h\n"
        "  option splice-auto\n  retries 0\n"
        "listen tunnel\n  bind 127.0.0.1:%d\n"
        "  server teller 127.0.0.1:%d ssl verify required ca-file %s crt %s\n",
        service->port, service->inner, ca, pem);
    co_ensure(fclose(file) == 0);
}

static void start_haproxy(void *arg)
{
    struct service *service = arg;
    char path[SERVICE_PROGRAM], log[SERVICE_PROGRAM];
    secret_path(service, "haproxy.cfg", path);
    secret_path(service, "haproxy.log", log);
    write_configuration(service, path);
    const char *const argv[] = {"haproxy", "-db", "-f", path, NULL};
    static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *const variables[] = {search, NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    if (posix_spawn(&service->tunnel, "/usr/sbin/haproxy", &files, NULL,
            (char *const *)(uintptr_t)argv, variables) != 0)
        service->tunnel = 0;
    posix_spawn_file_actions_destroy(&files);
}

static bool is_reached(int port)
{
    struct target target;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    co_ensure(target_make(url, NULL, &target) == NULL);
    struct client *client = client_make(&target, CO_CLOCK_S);
    co_ensure(client);
    bool reached = client_connect(client) == CLIENT_ANSWERED;
    client_free(&client);
    return reached;
}

static bool make_certificates(const struct service *service)
{
    char script[SERVICE_PROGRAM + 64], folder[SERVICE_PROGRAM];
    struct command command = {.discard = true};
    snprintf(
        script, sizeof script, "%s/../../../tests/service/certificates", service_tests_folder());
    secret_path(service, "", folder);
    command_run(&command, (const char *const[]){script, folder, NULL});
    bool made = command.exit_code == 0;
    if (!made)
        command_print(&command);
    command_free(&command);
    return made;
}

bool secret_prepare(struct service *service)
{
    if (!make_certificates(service))
        return false;
    co_worker_call(start_haproxy, service);
    for (int tries = 0; service->tunnel && tries < 2000; tries++) {
        if (is_reached(service->port))
            return true;
        co_sleep(10 * CO_CLOCK_MS);
    }
    printf("\n    haproxy does not start: %s/tls/haproxy.log\n    ", service->folder);
    return false;
}

static void wait_for_tunnel(void *arg)
{
    waitpid(*(pid_t *)arg, NULL, 0);
}

void secret_end(struct service *service)
{
    if (service->tunnel <= 0)
        return;
    kill(service->tunnel, SIGKILL);
    co_blocking_call(wait_for_tunnel, &service->tunnel);
    service->tunnel = 0;
}

bool secret_make(struct service *service, const char *strategy, const char *const *arguments)
{
    service_prepare(service, strategy, arguments);
    service->secret = true;
    return service_run(service);
}
