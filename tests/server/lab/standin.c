/* SPDX-License-Identifier: MIT */
/* A stand-in for "teller lab": a strategy is a fault, which it has. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/lab/lab_confine.h"

enum { BLOCK = 16 << 20 };

static volatile sig_atomic_t nothing;

static void hold(void)
{
    puts("{\"broken\":false,\"verdict\":\"It held.\"}");
}

static void break_promise(void)
{
    puts("{\"broken\":true,\"verdict\":\"It broke.\"}");
    exit(1);
}

static void crash(void)
{
    fputs("about to crash\n\033[1mhere\n", stderr);
    raise(SIGSEGV);
}

static void loop(void)
{
    for (;;)
        nothing = !nothing;
}

static void fork_bomb(void)
{
    for (;;)
        (void)!fork();
}

static void run_program(void)
{
    execl("/bin/true", "true", NULL);
}

static void eat_memory(void)
{
    for (;;) {
        char *block = malloc(BLOCK);
        if (!block)
            abort();
        memset(block, 1, BLOCK);
    }
}

static void write_on(void)
{
    for (;;)
        puts("{\"more\":\"and more and more and more and more and more and more and more\"}");
}

static void talk_on(void)
{
    for (int i = 0; i < 100000; i++)
        fputs("and more\n", stderr);
    hold();
}

static void be_silent(void)
{
    fputs("there is nothing to say\n", stderr);
    exit(1);
}

static void babble(void)
{
    puts("{\"broken\":");
}

static void usage(void)
{
    exit(2);
}

static void deadlock(void)
{
    fputs("deadlock: all coroutines wait, and nothing can wake them:\n", stderr);
    exit(2);
}

static void sleep_on(void)
{
    for (;;)
        raise(SIGSTOP);
}

static void close_and_sleep(void)
{
    fclose(stdout);
    sleep_on();
}

static void connect_out(void)
{
    (void)!socket(AF_INET, SOCK_STREAM, 0);
    hold();
}

/* What it says is what it could do that it should not. */
static void look_around(void)
{
    char path[40];
    int open_ones = 0;
    for (int fd = 0; fd < 2000; fd++)
        open_ones += fcntl(fd, F_GETFD) != -1;
    snprintf(path, sizeof path, "/proc/%ld/environ", (long)getppid());
    printf("{\"broken\":false,\"descriptors\":%d,\"files\":%s,\"parent\":%s,\"root\":%s}\n",
        open_ones, open("/etc/passwd", O_RDONLY) >= 0 ? "true" : "false",
        open(path, O_RDONLY) >= 0 || kill(getppid(), 0) == 0 ? "true" : "false",
        geteuid() == 0 ? "true" : "false");
}

static const struct {
    const char *name;
    void (*act)(void);
} faults[] = {{"holds", hold}, {"breaks", break_promise}, {"crash", crash}, {"loop", loop},
    {"fork", fork_bomb}, {"program", run_program}, {"memory", eat_memory}, {"output", write_on},
    {"words", talk_on}, {"silence", be_silent}, {"babble", babble}, {"usage", usage},
    {"deadlock", deadlock}, {"sleep", sleep_on}, {"closed", close_and_sleep},
    {"socket", connect_out}, {"around", look_around}};

enum { FAULTS = sizeof faults / sizeof faults[0] };

static void print_catalogue(void)
{
    fputs("{\"scenarios\":[{\"name\":\"double-withdraw\",\"clients\":{\"default\":2,\"min\":2,"
          "\"seeded_max\":16,\"max\":100},"
          "\"walks\":[\"random\",\"pct\"],\"strategies\":[",
        stdout);
    for (size_t i = 0; i < FAULTS; i++)
        printf("%s\"%s\"", i > 0 ? "," : "", faults[i].name);
    fputs("]},{\"name\":\"ring\",\"strategies\":[\"holds\"],\"walks\":[\"random\"]}],"
          "\"strategies\":[",
        stdout);
    for (size_t i = 0; i < FAULTS; i++)
        printf("%s{\"name\":\"%s\",\"kind\":\"memory\"}", i > 0 ? "," : "", faults[i].name);
    puts("],\"examples\":[{\"name\":\"hello\"}]}");
}

/* PROGRAM lab-child PARENT SECONDS KIND lab … */
int main(int argc, char **argv)
{
    char error[200];
    if (argc < 7 || strcmp(argv[1], "lab-child") != 0 || strcmp(argv[5], "lab") != 0)
        return 2;
    if (!lab_confine(LAB_CONFINE_MEMORY, (pid_t)strtol(argv[2], NULL, 10),
            (unsigned)strtoul(argv[3], NULL, 10), error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    if (strcmp(argv[6], "--list") == 0)
        print_catalogue();
    else if (strcmp(argv[6], "--example") == 0)
        puts("hello\x01, \"world\"");
    for (size_t i = 0; argc > 8 && i < FAULTS; i++)
        if (strcmp(argv[8], faults[i].name) == 0)
            faults[i].act();
    return 0;
}
