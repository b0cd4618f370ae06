/* SPDX-License-Identifier: MIT */
#include "tests/service/played.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"

/* A shell becomes the program, so that it can say the number of the process. */
static void write_script(const struct played *played, const struct service *service)
{
    char program[SERVICE_PROGRAM];
    service_program(program);
    FILE *file = fopen(played->script, "we");
    co_ensure(file);
    fprintf(file, "#!/bin/bash\nexport NOTIFY_SOCKET=%s\n", played->path);
    if (played->watchdog_ms > 0)
        fprintf(file, "export WATCHDOG_USEC=%lld WATCHDOG_PID=$$\n",
            (long long)played->watchdog_ms * 1000);
    if (played->hands_over)
        fprintf(file, "exec 3<&%d %d<&-\nexport LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http\n",
            service->reserved, service->reserved);
    if (played->more)
        fprintf(file, "export %s\n", played->more);
    fprintf(file, "exec %s \"$@\"\n", program);
    co_ensure(fclose(file) == 0 && chmod(played->script, 0755) == 0);
}

void played_begin(struct played *played, struct service *service)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(played->script, sizeof played->script, "%s/start", service->folder);
    snprintf(played->path, sizeof played->path, "%s/told", service->folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", played->path);
    played->told = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    co_ensure(played->told >= 0 &&
              bind(played->told, (const struct sockaddr *)&address, sizeof address) == 0);
    if (service->port == 0)
        service_reserve(service);
    /* The program inherits it; the shell gives it the number that it must have. */
    if (played->hands_over)
        co_ensure(
            listen(service->reserved, 4096) == 0 && fcntl(service->reserved, F_SETFD, 0) == 0);
    service->is_handed_over = played->hands_over;
    service->program = played->script;
    write_script(played, service);
}

void played_end(struct played *played)
{
    close(played->told);
}

bool played_await(
    struct played *played, const char *words, char text[PLAYED_TEXT], int64_t timeout_ns)
{
    char message[PLAYED_TEXT];
    int64_t until = co_clock_now_ns() + timeout_ns;
    do {
        ssize_t length;
        while ((length = recv(played->told, message, sizeof message - 1, 0)) >= 0) {
            message[length] = '\0';
            if (!strstr(message, words))
                continue;
            if (text)
                memcpy(text, message, (size_t)length + 1);
            return true;
        }
        co_sleep(5 * CO_CLOCK_MS);
    } while (co_clock_now_ns() < until);
    return false;
}
