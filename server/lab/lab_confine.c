/* SPDX-License-Identifier: MIT */
/*
 * The order matters: what needs files comes before the filter of system calls, and the tie to the
 * parent comes after the change of user, which the kernel unties it at.
 *
 * Rejected: namespaces (most machines let root alone make them, and containers nobody), cgroups
 * (they belong to whoever runs the service) and a list of calls that are refused: what a kernel
 * learns next year would be on no such list.
 */
#include "server/lab/lab_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { IS_SANITIZED = 1 }; /* terabytes of shadow memory; it reads /proc when it reports */
#else
enum { IS_SANITIZED = 0 };
#endif

enum { NOBODY = 65534, NICEST = 19 };

const char *const lab_confine_names[LAB_CONFINE_KINDS] = {[LAB_CONFINE_MEMORY] = "memory",
    [LAB_CONFINE_SOCKET] = "socket",
    [LAB_CONFINE_DATABASE] = "database"};

/* ---- limits -------------------------------------------------------------------------------- */

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0)
        return false;
    /* A lower one that the service has already cannot be raised, and is as good. */
    const struct rlimit wanted = {.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max,
        .rlim_max = hard < now.rlim_max ? hard : now.rlim_max};
    return setrlimit(resource, &wanted) == 0;
}

static bool limit_all(rlim_t processor_s)
{
    const rlim_t data = (rlim_t)LAB_CONFINE_DATA_MIB << 20;
    return (IS_SANITIZED || limit(RLIMIT_DATA, data, data)) &&
           /* A second later comes SIGKILL, in case the first signal is ignored. */
           limit(RLIMIT_CPU, processor_s, processor_s + 1) &&
           limit(RLIMIT_FSIZE, LAB_CONFINE_FILE_BYTES, LAB_CONFINE_FILE_BYTES) &&
           limit(RLIMIT_NOFILE, LAB_CONFINE_DESCRIPTORS, LAB_CONFINE_DESCRIPTORS) &&
           limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_MEMLOCK, 0, 0) && limit(RLIMIT_MSGQUEUE, 0, 0);
}

/* Where memory is short after all, the kernel ends us first; and we get what processor others
 * leave. Neither can be missed so much that nothing should run without it. */
static void stand_back(void)
{
    const struct sched_param none = {.sched_priority = 0};
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "1000", 4) != 4)
            errno = 0; /* a container may not allow it */
        close(fd);
    }
    (void)!sched_setscheduler(0, SCHED_IDLE, &none);
    (void)setpriority(PRIO_PROCESS, 0, NICEST); /* of that too there is less and more */
}

/* Root is nobody from here on. */
static bool drop_root(void)
{
    if (geteuid() != 0)
        return true;
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool tie_to(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0) != 0)
        return false;
    /* It may have ended before we were tied to it. */
    errno = ESRCH;
    return getppid() == parent;
}

/* ---- the filter of system calls ------------------------------------------------------------ */

/* What computing on several threads takes, with timers, and writing to open descriptors. */
static const int calls_of_all[] = {
    /* memory: mmap and mprotect are below */
    SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(munmap),
    /* descriptors that it has, or makes for itself */
    SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
    SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(newfstatat), SCMP_SYS(pipe2),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_gettime), SCMP_SYS(timerfd_settime), SCMP_SYS(write),
    SCMP_SYS(writev),
    /* threads: clone is below */
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(get_robust_list),
    SCMP_SYS(getcpu), SCMP_SYS(gettid), SCMP_SYS(membarrier), SCMP_SYS(rseq),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address),
    /* signals, to itself alone: tgkill and kill are below */
    SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack),
    /* time, chance, and who it is */
    SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(getegid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getrandom),
    SCMP_SYS(getrusage), SCMP_SYS(gettimeofday), SCMP_SYS(getuid), SCMP_SYS(nanosleep),
    SCMP_SYS(sysinfo), SCMP_SYS(times), SCMP_SYS(uname)};

/* What a connection takes: names looked up, files of settings and certificates read. */
static const int calls_of_database[] = {SCMP_SYS(access), SCMP_SYS(bind), SCMP_SYS(connect),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(getpeername),
    SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(lstat), SCMP_SYS(pread64),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown), SCMP_SYS(stat), SCMP_SYS(statx)};

/* What no experiment does but one that has gone wrong: it shall be seen to. */
static const int deadly_calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
    SCMP_SYS(vfork), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev)};

/* A rule about a call that this machine does not have is left out. */
static bool rules(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int error = 0;
    for (size_t i = 0; !error && i < count; i++) {
        error = seccomp_rule_add(filter, action, calls[i], 0);
        if (error == -EDOM || error == -EOPNOTSUPP)
            error = 0;
    }
    return error == 0;
}

#define RULES(filter, action, calls) rules((filter), (action), (calls), sizeof(calls) / sizeof(int))

/* A call whose argument `number`, seen through `mask`, is `value`. */
static bool rule_of(scmp_filter_ctx filter, uint32_t action, int call, struct scmp_arg_cmp argument)
{
    int error = seccomp_rule_add(filter, action, call, 1, argument);
    return error == 0 || error == -EDOM || error == -EOPNOTSUPP;
}

#define MASKED(number, mask, value) SCMP_CMP64(number, SCMP_CMP_MASKED_EQ, mask, value)
#define EQUAL(number, value) SCMP_CMP64(number, SCMP_CMP_EQ, value)

static bool rules_of_threads(scmp_filter_ctx filter)
{
    const scmp_datum_t self = (scmp_datum_t)getpid();
    /* A thread, and not a process. clone3's arguments lie in memory, where a filter cannot look;
     * without it the library takes clone. */
    return rule_of(
               filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), MASKED(0, CLONE_THREAD, CLONE_THREAD)) &&
           rule_of(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), MASKED(0, CLONE_THREAD, 0)) &&
           RULES(filter, SCMP_ACT_ERRNO(ENOSYS), ((const int[]){SCMP_SYS(clone3)})) &&
           rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), EQUAL(0, self)) &&
           rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), EQUAL(0, self)) &&
           rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), EQUAL(0, PR_SET_NAME)) &&
           /* Limits can be read and not set. */
           rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), EQUAL(2, 0));
}

static bool rules_of_memory(scmp_filter_ctx filter, bool loads)
{
    /* No new code: but a name's look-up may load a library. */
    if (loads || IS_SANITIZED)
        return RULES(filter, SCMP_ACT_ALLOW, ((const int[]){SCMP_SYS(mmap), SCMP_SYS(mprotect)}));
    return rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), MASKED(2, PROT_EXEC, 0)) &&
           rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), MASKED(2, PROT_EXEC, 0));
}

static bool rules_of_kind(scmp_filter_ctx filter, enum lab_confine kind)
{
    /* Files to read alone; the rights of its user are a bound as well. */
    const scmp_datum_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    bool reads = kind == LAB_CONFINE_DATABASE || IS_SANITIZED;
    if (reads && (!rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), MASKED(2, writes, 0)) ||
                     !rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), MASKED(1, writes, 0))))
        return false;
    if (IS_SANITIZED && kind == LAB_CONFINE_MEMORY &&
        !RULES(filter, SCMP_ACT_ALLOW, ((const int[]){SCMP_SYS(readlink)})))
        return false;
    if (kind == LAB_CONFINE_SOCKET)
        return RULES(filter, SCMP_ACT_ALLOW, calls_of_database) &&
               rule_of(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), EQUAL(0, AF_UNIX)) &&
               rule_of(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket),
                   SCMP_CMP64(0, SCMP_CMP_NE, AF_UNIX));
    return kind == LAB_CONFINE_DATABASE
               ? RULES(filter, SCMP_ACT_ALLOW, calls_of_database) &&
                     RULES(filter, SCMP_ACT_ALLOW, ((const int[]){SCMP_SYS(socket)}))
               : RULES(filter, SCMP_ACT_KILL_PROCESS,
                     ((const int[]){SCMP_SYS(socket), SCMP_SYS(connect)}));
}

static bool filter_calls(enum lab_confine kind)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool good = filter && RULES(filter, SCMP_ACT_ALLOW, calls_of_all) &&
                RULES(filter, SCMP_ACT_KILL_PROCESS, deadly_calls) && rules_of_threads(filter) &&
                rules_of_memory(filter, kind == LAB_CONFINE_DATABASE) &&
                rules_of_kind(filter, kind);
    int error = good ? seccomp_load(filter) : 0;
    seccomp_release(filter);
    errno = -error;
    return good && error == 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

bool lab_confine(
    enum lab_confine kind, pid_t parent, unsigned processor_s, char *error, size_t error_size)
{
    const char *failed = NULL;
    stand_back();
    errno = 0;
    unsigned kept = kind == LAB_CONFINE_SOCKET ? STDERR_FILENO + 1 : STDERR_FILENO;
    if (close_range(kept + 1, ~0U, 0) != 0)
        failed = "close what it inherited";
    /* A database that knows its users by their sockets' owners must see the one it knows. */
    if (!failed && kind == LAB_CONFINE_MEMORY && !drop_root())
        failed = "give up being root";
    if (!failed && !tie_to(parent))
        failed = "tie its life to its parent's";
    if (!failed && !limit_all(processor_s))
        failed = "limit itself";
    if (!failed && !filter_calls(kind))
        failed = "give up system calls";
    if (failed)
        snprintf(error, error_size, "the child cannot %s: %s", failed, strerror(errno));
    return !failed;
}
