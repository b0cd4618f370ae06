/* SPDX-License-Identifier: MIT */
#include "tests/faults/shimmed.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/service/service.h"
#include "tests/unit.h"

void shimmed_begin(struct shimmed *shimmed)
{
    char shim[SERVICE_PROGRAM + 16];
    snprintf(shim, sizeof shim, "%s/shim.so", service_tests_folder());
    snprintf(shimmed->path, sizeof shimmed->path, "/tmp/teller-shim-XXXXXX");
    int fd = mkstemp(shimmed->path);
    CU_ASSERT_FATAL(fd >= 0 && ftruncate(fd, sizeof *shimmed->control) == 0);
    shimmed->control =
        mmap(NULL, sizeof *shimmed->control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    CU_ASSERT_FATAL(shimmed->control != MAP_FAILED);
    shimmed->control->call = SHIM_CALLS;
    setenv(SHIM_VARIABLE, shimmed->path, 1);
    setenv("LD_PRELOAD", shim, 1);
}

void shimmed_spare(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv(SHIM_VARIABLE);
}

void shimmed_end(struct shimmed *shimmed)
{
    shimmed_spare();
    unlink(shimmed->path);
    munmap(shimmed->control, sizeof *shimmed->control);
}
