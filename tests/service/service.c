/* SPDX-License-Identifier: MIT */
#include "tests/service/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/worker.h"
#include "loadtest/client.h"
#include "tests/service/secret.h"

extern char **environ;

enum { START_SECONDS = 120, STOP_SECONDS = 60, STEP_MS = 5, TEXT = 512, LOG_BYTES = 1 << 16 };

/* Copies of those that are not removed: what an interrupted run or a failed test leaves behind. */
static struct service left[16];

enum { LEFT = sizeof left / sizeof left[0] };

static void kill_all(int signal_number)
{
    for (size_t i = 0; i < LEFT; i++)
        for (int j = 0; j < 2; j++) {
            pid_t pid = j ? left[i].tunnel : left[i].pid;
            if (pid > 0)
                kill(pid, SIGKILL);
        }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Where its copy is, or would be. */
static struct service *copy_of(const struct service *service)
{
    size_t i = 0;
    while (i < LEFT && left[i].folder[0] && strcmp(left[i].folder, service->folder) != 0)
        i++;
    co_ensure(i < LEFT);
    return &left[i];
}

static void remember(const struct service *service)
{
    static bool installed;
    if (!installed) {
        signal(SIGINT, kill_all);
        signal(SIGTERM, kill_all);
        signal(SIGABRT, kill_all);
        installed = true;
    }
    *copy_of(service) = *service;
}

/* A free copy may stand before others: the last one takes its place. */
static void forget(const struct service *service)
{
    struct service *copy = copy_of(service);
    size_t last = LEFT;
    while (last > 0 && !left[last - 1].folder[0])
        last--;
    if (last == 0 || !copy->folder[0])
        return;
    *copy = left[last - 1];
    memset(&left[last - 1], 0, sizeof left[0]);
}

/* Read a small file; "" if there is none. */
static size_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

static void path_in(const struct service *service, const char *name, char path[TEXT])
{
    snprintf(path, TEXT, "%s/%s", service->folder, name);
}

/* Each start writes to a file of its own. */
static void output_of(const struct service *service, char path[TEXT])
{
    snprintf(path, TEXT, "%s/output.%d", service->folder, service->starts);
}

/* --- its port --------------------------------------------------------------------------------- */

/* A socket of that port (0: any free one), bound as the program binds its own. -1: no. */
static int bind_port(int port)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((in_port_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    co_ensure(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Bound and never listening: that does not hinder a program that asks for this very port with
 * SO_REUSEADDR, as ours does; but the kernel never gives it to one that wants any port, or
 * connects. */
static int reserve(int *reserved)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    *reserved = bind_port(0);
    co_ensure(*reserved >= 0 && getsockname(*reserved, (struct sockaddr *)&address, &size) == 0);
    return ntohs(address.sin_port);
}

void service_reserve(struct service *service)
{
    service->secret = service->secret || secret_is_asked_for();
    service->port = reserve(&service->reserved);
    if (service->secret)
        service->inner = reserve(&service->inner_reserved);
}

/* Where the program itself listens. */
static int own_port(const struct service *service)
{
    return service->secret ? service->inner : service->port;
}

/* Does another program listen there, while ours does not run? */
static bool is_taken(const struct service *service)
{
    if (service->is_handed_over)
        return false;
    int probe = bind_port(own_port(service));
    bool taken = probe < 0 || listen(probe, 1) != 0;
    if (probe >= 0)
        close(probe);
    if (taken && !service->quiet)
        printf("\n    port %d is another program's now: what was answered there was not our "
               "answer\n    ",
            own_port(service));
    return taken;
}

/* --- starting --------------------------------------------------------------------------------- */

const char *service_tests_folder(void)
{
    static char folder[SERVICE_PROGRAM - 16];
    if (!*folder) {
        ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
        co_ensure(length > 0 && length < (ssize_t)sizeof folder - 1);
        *strrchr(folder, '/') = '\0';
    }
    return folder;
}

/* ../teller from where the test stands. */
void service_program(char path[SERVICE_PROGRAM])
{
    const char *folder = service_tests_folder();
    int length = (int)(strrchr(folder, '/') - folder);
    snprintf(path, SERVICE_PROGRAM, "%.*s/teller", length, folder);
}

static pid_t spawn(const char *const argv[], const char *output)
{
    pid_t pid;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    int error = posix_spawn(&pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return error ? 0 : pid;
}

static pid_t spawn_teller(struct service *service)
{
    char program[SERVICE_PROGRAM], listen[32], output[TEXT], tls[SECRET_TEXT];
    service_program(program);
    if (service->program)
        snprintf(program, sizeof program, "%s", service->program);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", own_port(service));
    output_of(service, output);
    const char *argv[8 + SECRET_WORDS + SERVICE_ARGUMENTS + 1] = {program, "serve", "--listen",
        listen, "--data", service->folder, "--strategy", service->strategy};
    const char **more = argv + 8;
    if (service->secret) {
        secret_flags(service, tls, more);
        more += SECRET_WORDS;
    }
    for (int i = 0; service->arguments[i]; i++)
        more[i] = service->arguments[i];
    return spawn(argv, output);
}

/* The end of a file, for the person who looks into a failure. */
static void print_tail(const char *who, const char *path)
{
    char text[2048] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    lseek(fd, -(off_t)(sizeof text - 1), SEEK_END); /* fails, rightly, for a shorter file */
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    printf("\n    %s said: %.*s\n", who, (int)(length > 0 ? length : 0), text);
}

static void print_output(const struct service *service)
{
    char path[TEXT];
    if (service->quiet)
        return;
    output_of(service, path);
    print_tail("teller", path);
    path_in(service, "postgres.log", path);
    print_tail("PostgreSQL", path);
}

/* True once it has ended; *code as service_stop(). */
static bool has_ended(struct service *service, int *code)
{
    int status;
    if (waitpid(service->pid, &status, WNOHANG) != service->pid)
        return false;
    service->pid = 0;
    if (service->folder[0])
        remember(service);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

void service_read_output(const struct service *service, char *text, size_t size)
{
    char path[TEXT];
    output_of(service, path);
    read_file(path, text, size);
}

/* Has it written the ready line? */
static bool is_ready(const struct service *service)
{
    char *text = malloc(LOG_BYTES), line[80];
    co_ensure(text != NULL);
    service_read_output(service, text, LOG_BYTES);
    snprintf(line, sizeof line, "teller: listening on http%s://127.0.0.1:%d\n",
        service->secret ? "s" : "", own_port(service));
    bool found = strstr(text, line) != NULL;
    free(text);
    return found;
}

/* {"time":"…","level":"LEVEL","message":"… WORDS …"}: what a log that is no terminal has. */
static bool is_logged(const char *line, const char *level, const char *words)
{
    char form[80];
    static const char time[] = "{\"time\":\"####-##-##T##:##:##.######Z\",";
    size_t i = 0;
    while (time[i] && (time[i] == '#' ? line[i] >= '0' && line[i] <= '9' : line[i] == time[i]))
        i++;
    snprintf(form, sizeof form, "\"level\":\"%s\",\"message\":\"", level);
    return !time[i] && strncmp(line + i, form, strlen(form)) == 0 &&
           strstr(line + i + strlen(form), words);
}

bool service_logged(const struct service *service, const char *level, const char *words)
{
    char *text = malloc(LOG_BYTES), *rest;
    bool found = false;
    co_ensure(text != NULL);
    service_read_output(service, text, LOG_BYTES);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        found = found || is_logged(line, level, words);
    free(text);
    return found;
}

/* The target is written once: at a restart clients on other workers are reading it, and one that
 * found it half written would send no token. */
static void look_up(void *arg)
{
    struct service *service = arg;
    char path[TEXT], token[256], url[sizeof service->url];
    path_in(service, "admin.token", path);
    read_file(path, token, sizeof token);
    token[strcspn(token, "\r\n")] = '\0';
    snprintf(url, sizeof url, "http://127.0.0.1:%d", service->port);
    if (strcmp(url, service->url) == 0 && strcmp(token, service->target.token) == 0)
        return;
    memcpy(service->url, url, sizeof url);
    co_ensure(target_make(url, token, &service->target) == NULL);
}

bool service_run(struct service *service)
{
    if (service->port == 0)
        service_reserve(service);
    if (is_taken(service))
        return false;
    if (service->secret && !service->tunnel && !secret_prepare(service))
        return false;
    service->starts++;
    service->pid = spawn_teller(service);
    if (service->pid == 0)
        return false;
    remember(service);
    int seconds = service->start_seconds ? service->start_seconds : START_SECONDS;
    int64_t until = co_clock_now_ns() + seconds * CO_CLOCK_S;
    while (!is_ready(service)) {
        if (has_ended(service, &service->exit_code) || co_clock_now_ns() > until) {
            print_output(service);
            return false;
        }
        co_sleep(STEP_MS * CO_CLOCK_MS);
    }
    co_worker_call(look_up, service);
    return true;
}

void service_prepare(struct service *service, const char *strategy, const char *const *arguments)
{
    memset(service, 0, sizeof *service);
    service->strategy = strategy;
    for (int i = 0; arguments && arguments[i]; i++) {
        co_ensure(i + 1 < SERVICE_ARGUMENTS);
        service->arguments[i] = arguments[i];
    }
    const char *base = getenv("TMPDIR");
    snprintf(service->folder, sizeof service->folder, "%s/teller-test-XXXXXX",
        base && *base ? base : "/tmp");
    co_ensure(mkdtemp(service->folder));
}

bool service_make(struct service *service, const char *strategy, const char *const *arguments)
{
    service_prepare(service, strategy, arguments);
    return service_run(service);
}

/* --- ending ----------------------------------------------------------------------------------- */

int service_await_end(struct service *service, int64_t timeout_ns)
{
    int code = -1;
    int64_t until = co_clock_now_ns() + timeout_ns;
    while (!has_ended(service, &code) && co_clock_now_ns() < until)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    return code;
}

int service_stop(struct service *service)
{
    kill(service->pid, SIGTERM);
    return service_await_end(service, STOP_SECONDS * CO_CLOCK_S);
}

void service_kill(struct service *service)
{
    kill(service->pid, SIGKILL);
    service_await_end(service, STOP_SECONDS * CO_CLOCK_S);
}

pid_t service_postmaster(const struct service *service)
{
    char path[TEXT], text[64];
    path_in(service, "postgres/postmaster.pid", path);
    read_file(path, text, sizeof text);
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    return pid > 0 && kill(pid, 0) == 0 ? pid : 0;
}

static pid_t parent_of(const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    read_file(path, text, sizeof text);
    const char *behind_name = strrchr(text, ')'); /* then: a space, the state, a space */
    return behind_name ? (pid_t)strtol(behind_name + 3, NULL, 10) : 0;
}

void service_signal_postgres(const struct service *service, int signal_number)
{
    pid_t postmaster = service_postmaster(service);
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    if (postmaster == 0 || !folder)
        return;
    kill(postmaster, signal_number);
    while ((entry = readdir(folder)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            parent_of(entry->d_name) == postmaster)
            kill((pid_t)strtol(entry->d_name, NULL, 10), signal_number);
    closedir(folder);
}

static void end_postgres(const struct service *service)
{
    pid_t pid = service_postmaster(service);
    if (pid == 0)
        return;
    kill(pid, SIGQUIT);
    for (int i = 0; i < 2000 && kill(pid, 0) == 0; i++)
        co_sleep(STEP_MS * CO_CLOCK_MS);
}

void service_remove(struct service *service)
{
    if (!service->folder[0])
        return; /* there is none */
    if (service->pid > 0 && service_stop(service) == -1)
        service_kill(service);
    end_postgres(service);
    forget(service);
    secret_end(service);
    if (service->port > 0)
        close(service->reserved);
    if (service->inner > 0)
        close(service->inner_reserved);
    const char *const argv[] = {"/bin/rm", "-rf", service->folder, NULL};
    struct service rm = {.pid = spawn(argv, "/dev/null")};
    if (rm.pid > 0)
        service_await_end(&rm, STOP_SECONDS * CO_CLOCK_S);
}

/* --- looking at it ---------------------------------------------------------------------------- */

int service_probe(const struct service *service, const char *path)
{
    struct client *client = client_make(&service->target, 5 * CO_CLOCK_S);
    struct response response = {0};
    const struct request request = {.path = path, .without_token = true};
    co_ensure(client);
    if (client_call(client, &request, &response) != CLIENT_ANSWERED)
        response.status = 0;
    client_free(&client);
    return response.status;
}

bool service_await_ready(const struct service *service, int64_t timeout_ns)
{
    int64_t until = co_clock_now_ns() + timeout_ns;
    while (service_probe(service, "/readyz") != 200) {
        if (co_clock_now_ns() > until)
            return false;
        co_sleep(STEP_MS * CO_CLOCK_MS);
    }
    return true;
}

size_t service_memory_kib(const struct service *service)
{
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/status", (int)service->pid);
    read_file(path, text, sizeof text);
    const char *at = strstr(text, "VmRSS:");
    return at ? strtoul(at + 6, NULL, 10) : 0;
}

/* --- shared ones ------------------------------------------------------------------------------ */

static struct service shared[2];

struct service *service_shared(const char *strategy)
{
    struct service *service = &shared[strcmp(strategy, "owner") != 0];
    if (service->pid == 0 && !service_make(service, strategy, NULL)) {
        service_remove(service);
        service->pid = 0;
        return NULL;
    }
    return service;
}

void service_remove_all(void)
{
    while (left[0].folder[0]) {
        struct service service = left[0];
        service_remove(&service);
    }
}
