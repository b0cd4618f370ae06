/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>

#include "tests/service/service.h"

size_t service_descriptors(const struct service *service)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)service->pid);
    DIR *folder = opendir(path);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}
