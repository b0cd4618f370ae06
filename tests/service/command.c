/* SPDX-License-Identifier: MIT */
#include "tests/service/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/ensure.h"

enum { PIECE = 65536, VARIABLES = 256 };

extern char **environ;

struct run {
    struct command *command;
    const char *const *argv;
    pid_t pid;
    int out, error; /* what the child writes can be read from these */
};

/* Our environment, but hledger and Python read UTF-8 only if they are told to. */
static void set_locale(char *variables[VARIABLES])
{
    size_t count = 0;
    for (char **at = environ; *at && count < VARIABLES - 2; at++)
        if (strncmp(*at, "LC_", 3) != 0 && strncmp(*at, "LANG", 4) != 0)
            variables[count++] = *at;
    static char locale[] = "LC_ALL=C.UTF-8";
    variables[count++] = locale;
    variables[count] = NULL;
}

static bool start(struct run *run)
{
    int out[2], error[2];
    char *variables[VARIABLES];
    posix_spawn_file_actions_t files;
    set_locale(variables);
    co_ensure(pipe2(out, O_CLOEXEC) == 0 && pipe2(error, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    posix_spawn_file_actions_adddup2(&files, error[1], 2);
    int failed = posix_spawnp(
        &run->pid, run->argv[0], &files, NULL, (char *const *)(uintptr_t)run->argv, variables);
    posix_spawn_file_actions_destroy(&files);
    close(out[1]);
    close(error[1]);
    run->out = out[0];
    run->error = error[0];
    return failed == 0;
}

static void look_at_memory(struct run *run)
{
    char path[64], line[128];
    snprintf(path, sizeof path, "/proc/%d/status", (int)run->pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0) {
            size_t kib = strtoul(line + 6, NULL, 10);
            if (kib > run->command->peak_kib)
                run->command->peak_kib = kib;
        }
    if (status)
        fclose(status);
}

static void read_output(struct run *run)
{
    struct command *command = run->command;
    size_t room = PIECE + 1;
    ssize_t got;
    command->out = malloc(room);
    do {
        co_ensure(command->out);
        size_t at = command->discard ? 0 : command->length;
        got = read(run->out, command->out + at, PIECE);
        command->length += got > 0 ? (size_t)got : 0;
        command->out[at + (size_t)(got > 0 ? got : 0)] = '\0';
        if (!command->discard && room - command->length < PIECE + 1)
            command->out = realloc(command->out, room *= 2);
        look_at_memory(run);
    } while (got > 0);
}

/* All of it, so that the child can go on; what is said there fits into the pipe's own room. */
static void read_error(struct run *run)
{
    size_t used = 0;
    ssize_t got;
    char *text = run->command->error;
    while ((got = read(run->error, text + used, sizeof run->command->error - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
}

static void run_to_end(void *arg)
{
    struct run *run = arg;
    int status;
    bool started = start(run);
    if (started)
        read_output(run);
    if (started)
        read_error(run);
    close(run->out);
    close(run->error);
    if (!started || waitpid(run->pid, &status, 0) != run->pid)
        run->command->exit_code = -1;
    else
        run->command->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void command_run(struct command *command, const char *const argv[])
{
    bool discard = command->discard;
    command_free(command);
    command->discard = discard;
    struct run run = {.command = command, .argv = argv};
    co_blocking_call(run_to_end, &run);
}

void command_teller(
    struct command *command, const struct service *service, const char *const words[])
{
    char program[SERVICE_PROGRAM];
    const char *argv[COMMAND_WORDS + 4] = {program};
    size_t count = 1;
    service_program(program);
    while (*words) {
        co_ensure(count <= COMMAND_WORDS);
        argv[count++] = *words++;
    }
    argv[count++] = "--data";
    argv[count++] = service->folder;
    command_run(command, argv);
}

bool command_audits(const char *url)
{
    char program[SERVICE_PROGRAM];
    struct command command = {.discard = true};
    service_program(program);
    command_run(&command, (const char *const[]){program, "audit", "--database", url, NULL});
    bool good = command.exit_code == 0;
    if (!good)
        command_print(&command);
    command_free(&command);
    return good;
}

void command_save(const struct command *command, const struct service *service, const char *name,
    char path[SERVICE_PROGRAM])
{
    snprintf(path, SERVICE_PROGRAM, "%s/%s", service->folder, name);
    FILE *file = fopen(path, "we");
    co_ensure(file && fwrite(command->out, 1, command->length, file) == command->length);
    co_ensure(fclose(file) == 0);
}

void command_free(struct command *command)
{
    free(command->out);
    *command = (struct command){.discard = false};
}

void command_print(const struct command *command)
{
    printf("\n    exit %d; it said: %.1000s\n    and wrote: %.1000s\n    ", command->exit_code,
        command->error, command->out ? command->out : "");
}
