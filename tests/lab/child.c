/* SPDX-License-Identifier: MIT */
#include "tests/lab/child.h"

#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int child_shell(const char *command, char *text, size_t size)
{
    FILE *pipe = popen(command, "r");
    if (!pipe)
        return -1;
    size_t length = fread(text, 1, size - 1, pipe);
    text[length] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int child_run(const char *which, char *text, size_t size)
{
    static char self[PATH_MAX], command[PATH_MAX + 100];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        return -1;
    self[length] = '\0';
    snprintf(command, sizeof command, "'%s' --child %s 2>&1", self, which);
    return child_shell(command, text, size);
}
