/* SPDX-License-Identifier: MIT */
/* The frame of these tests itself: what answers on the port is the program that was started, and a
 * restart changes nothing under the clients' hands. */
#include "tests/service/suites.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/service/visit.h"

/* Take that port as a program would that was told to; -1: it is not to be had. */
static int occupy(const struct service *service, int reuse)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((in_port_t)service->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse), 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Clients are reading the target while the program is started again. */
static void restart_leaves_target(void)
{
    struct service service;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    char *mark = &service.target.token[sizeof service.target.token - 1]; /* behind the text's end */
    *mark = '!';
    service_kill(&service);
    CU_ASSERT(service_run(&service));
    CU_ASSERT_EQUAL(*mark, '!');
    service_remove(&service);
}

/* While the program is down its port is not given out. A program that insists on it gets it, and
 * then ours is not started: the other one's answers would pass for ours. */
static void foreign_program(void)
{
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    int port = service.port;
    service_kill(&service);
    CU_ASSERT_EQUAL(occupy(&service, 0), -1);
    int foreign = occupy(&service, 1);
    CU_ASSERT(foreign >= 0);
    service.quiet = true;
    CU_ASSERT_FALSE(service_run(&service));
    CU_ASSERT_EQUAL(service.pid, 0);
    close(foreign);
    CU_ASSERT_FATAL(service_run(&service));
    CU_ASSERT_EQUAL(service.port, port);
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "home-again", 1));
    visit_end(&visit);
    service_remove(&service);
}

const struct unit_suite frame_suite = {"frame", 2,
    (const struct unit_test[]){{"restart_leaves_target", restart_leaves_target},
        {"foreign_program", foreign_program}, {0}}};
