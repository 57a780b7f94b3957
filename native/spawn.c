// Starting a program: everything between vfork and exec happens here, because the child shares the caller's memory and
// may only make plain system calls. The caller stands still until the child executes the program or ends, so a
// failure is handed back in memory. A fork would copy page tables, which costs time here and page faults afterwards.
#include "bridge.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "processes.h"

// The step that failed, in the order of spawnSteps in src/sys/linux/spawn.ts.
enum step {
    STEP_ARGUMENTS,
    STEP_FORK,
    STEP_DESCRIPTORS,
    STEP_SESSION,
    STEP_TERMINAL,
    STEP_CGROUP,
    STEP_OOM_SCORE,
    STEP_NETNS,
    STEP_MOUNT_NAMESPACE,
    STEP_CWD,
    STEP_RLIMIT,
    STEP_USER,
    STEP_DEATH_SIGNAL,
    STEP_EXEC,
};
// A failure is -(step * STEP_UNIT + errno): errno is below 4096 on Linux.
enum { STEP_UNIT = 4096 };

enum { most_descriptors = 256, most_groups = 256, most_limits = 16 };

struct request {
    char path[PATH_MAX], cwd[PATH_MAX], netns[PATH_MAX];
    char **argv, **env, **cgroups;
    bool has_cwd, has_netns, has_groups, has_uid, has_gid, has_umask, has_oom;
    int fds[most_descriptors], fd_count;
    int groups[most_groups], group_count;
    int limits, limit_resource[most_limits];
    struct rlimit limit_value[most_limits];
    int session, terminal, death_signal, mount_namespace, fixed_addresses, uid, gid, umask, oom;
};

// What the child leaves for the parent when it cannot go on.
struct failure {
    int step, error;
};

// --- the child: nothing but system calls, no allocation, no change to memory that the parent relies on -----------

static void reset_signals(void)
{
    sigset_t none;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Moves the wanted descriptors to 0..n-1. First all go above n, so that none is overwritten before it is used.
static int place_descriptors(struct request *r)
{
    int null = -1;
    for (int i = 0; i < r->fd_count; i++) {
        int from = r->fds[i];
        if (from < 0) {
            if (null < 0 && (null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0) return -1;
            from = null;
        }
        if ((r->fds[i] = fcntl(from, F_DUPFD_CLOEXEC, r->fd_count)) < 0) return -1;
    }
    for (int i = 0; i < r->fd_count; i++)
        if (dup2(r->fds[i], i) < 0) return -1;
    return (int)syscall(SYS_close_range, (unsigned)r->fd_count, ~0U, 0);
}

static int write_number(const char *path, int number)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d", number);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t written = write(fd, text, (size_t)length);
    int error = errno;
    close(fd);
    errno = error;
    return written == length ? 0 : -1;
}

static int enter_netns(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = setns(fd, CLONE_NEWNET);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static int become(const struct request *r)
{
    gid_t groups[most_groups];
    for (int i = 0; i < r->group_count; i++) groups[i] = (gid_t)r->groups[i];
    if (r->has_groups && setgroups((size_t)r->group_count, groups) < 0) return -1;
    if (r->has_gid && setresgid((gid_t)r->gid, (gid_t)r->gid, (gid_t)r->gid) < 0) return -1;
    if (r->has_uid && setresuid((uid_t)r->uid, (uid_t)r->uid, (uid_t)r->uid) < 0) return -1;
    return 0;
}

// Prepares the child and executes the program. Returns only when a step failed.
static enum step run_child(struct request *r, pid_t parent)
{
    reset_signals();
    restore_stack_limit();
    if (place_descriptors(r) < 0) return STEP_DESCRIPTORS;
    if (r->session && setsid() < 0) return STEP_SESSION;
    if (r->terminal && ioctl(0, TIOCSCTTY, 0) < 0) return STEP_TERMINAL;
    for (char **file = r->cgroups; file && *file; file++)
        if (write_number(*file, getpid()) < 0) return STEP_CGROUP;
    if (r->has_oom && write_number("/proc/self/oom_score_adj", r->oom) < 0) return STEP_OOM_SCORE;
    if (r->has_netns && enter_netns(r->netns) < 0) return STEP_NETNS;
    if (r->mount_namespace && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0))
        return STEP_MOUNT_NAMESPACE;
    if (r->has_cwd && chdir(r->cwd) < 0) return STEP_CWD;
    for (int i = 0; i < r->limits; i++)
        if (setrlimit(r->limit_resource[i], &r->limit_value[i]) < 0) return STEP_RLIMIT;
    if (r->has_umask) umask((mode_t)r->umask & 0777);
    if (r->fixed_addresses) personality(ADDR_NO_RANDOMIZE);
    if (become(r) < 0) return STEP_USER;
    // A change of user clears it, so it comes last; the parent may have died before it was set.
    if (r->death_signal) {
        if (prctl(PR_SET_PDEATHSIG, r->death_signal, 0, 0, 0) < 0) return STEP_DEATH_SIGNAL;
        if (getppid() != parent) {
            errno = ESRCH;
            return STEP_DEATH_SIGNAL;
        }
    }
    execve(r->path, r->argv, r->env);
    return STEP_EXEC;
}

// --- the parent --------------------------------------------------------------------------------------------------

// A function of its own, so that no variable of the caller lives in a register across the double return.
static __attribute__((noinline)) pid_t start_child(struct request *r, pid_t parent, volatile struct failure *failure)
{
    pid_t pid = vfork();
    if (pid != 0) return pid;
    failure->step = (int)run_child(r, parent);
    failure->error = errno;
    _exit(127);
}

// Starts the child; by then the program runs, or a step has failed.
static int64_t start(struct request *r)
{
    volatile struct failure failure = {STEP_ARGUMENTS, 0};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = start_child(r, getpid(), &failure);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    // A change of user in the shared memory has switched core dumps off here too.
    if (r->has_uid || r->has_gid) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (pid < 0) return -((int64_t)STEP_FORK * STEP_UNIT + error);
    if (failure.error == 0) return pid;
    RETRY(waitpid(pid, NULL, 0));
    return -((int64_t)failure.step * STEP_UNIT + failure.error);
}

// Optional properties of the request object. Each returns 0, -errno or THREW.
static int get_int(JSContext *ctx, JSValueConst object, const char *name, int *out, bool *given)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    int bad = JS_IsException(value) ? THREW : 0;
    bool present = !bad && !JS_IsUndefined(value);
    if (present) bad = arg_int(ctx, value, out);
    if (given) *given = present;
    JS_FreeValue(ctx, value);
    return bad;
}

static int get_text(JSContext *ctx, JSValueConst object, const char *name, char *out, bool *given)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    int bad = JS_IsException(value) ? THREW : arg_text_or_null(ctx, value, out, PATH_MAX, given);
    JS_FreeValue(ctx, value);
    return bad;
}

static int get_ints(JSContext *ctx, JSValueConst object, const char *name, int *out, int most, int *count, bool *given)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    int bad = JS_IsException(value) ? THREW : 0;
    bool present = !bad && !JS_IsUndefined(value);
    if (present) bad = arg_ints(ctx, value, out, most, count);
    if (given) *given = present;
    JS_FreeValue(ctx, value);
    return bad;
}

static int get_vector(JSContext *ctx, JSValueConst object, const char *name, char ***out)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    int bad = JS_IsException(value) ? THREW : JS_IsUndefined(value) ? 0 : arg_vector(ctx, value, out);
    JS_FreeValue(ctx, value);
    return bad;
}

// rlimits: a flat array of resource index, soft limit, hard limit.
static int get_limits(JSContext *ctx, JSValueConst object, struct request *r)
{
    JSValue value = JS_GetPropertyStr(ctx, object, "rlimits");
    if (JS_IsException(value)) return THREW;
    int bad = 0;
    for (uint32_t i = 0; !bad && !JS_IsUndefined(value); i += 3) {
        int64_t item[3] = {0};
        JSValue first = JS_GetPropertyUint32(ctx, value, i);
        if (JS_IsUndefined(first)) break;
        bad = JS_IsException(first) ? THREW : arg_i64(ctx, first, &item[0]);
        JS_FreeValue(ctx, first);
        for (uint32_t j = 1; !bad && j < 3; j++) {
            JSValue next = JS_GetPropertyUint32(ctx, value, i + j);
            bad = JS_IsException(next) ? THREW : arg_i64(ctx, next, &item[j]);
            JS_FreeValue(ctx, next);
        }
        int resource = item[0] > 64 ? -1 : rlimit_resource((int)item[0]);
        if (!bad && r->limits == most_limits) bad = -E2BIG;
        if (!bad && resource < 0) bad = -EINVAL;
        if (bad) break;
        r->limit_resource[r->limits] = resource;
        r->limit_value[r->limits++] = (struct rlimit){(rlim_t)item[1], (rlim_t)item[2]};
    }
    JS_FreeValue(ctx, value);
    return bad;
}

static int read_request(JSContext *ctx, JSValueConst o, struct request *r)
{
    bool path_given = false;
    int bad;
    if ((bad = get_text(ctx, o, "path", r->path, &path_given)) || (bad = get_vector(ctx, o, "argv", &r->argv)) ||
        (bad = get_vector(ctx, o, "env", &r->env)) || (bad = get_vector(ctx, o, "cgroupProcs", &r->cgroups)) ||
        (bad = get_text(ctx, o, "cwd", r->cwd, &r->has_cwd)) || (bad = get_text(ctx, o, "netns", r->netns, &r->has_netns)) ||
        (bad = get_ints(ctx, o, "fds", r->fds, most_descriptors, &r->fd_count, NULL)) ||
        (bad = get_ints(ctx, o, "groups", r->groups, most_groups, &r->group_count, &r->has_groups)) ||
        (bad = get_limits(ctx, o, r)) || (bad = get_int(ctx, o, "newSession", &r->session, NULL)) ||
        (bad = get_int(ctx, o, "controllingTerminal", &r->terminal, NULL)) ||
        (bad = get_int(ctx, o, "deathSignal", &r->death_signal, NULL)) ||
        (bad = get_int(ctx, o, "newMountNamespace", &r->mount_namespace, NULL)) ||
        (bad = get_int(ctx, o, "uid", &r->uid, &r->has_uid)) || (bad = get_int(ctx, o, "gid", &r->gid, &r->has_gid)) ||
        (bad = get_int(ctx, o, "umask", &r->umask, &r->has_umask)) ||
        (bad = get_int(ctx, o, "fixedAddresses", &r->fixed_addresses, NULL)) ||
        (bad = get_int(ctx, o, "oomScoreAdj", &r->oom, &r->has_oom)))
        return bad;
    return path_given && r->argv && r->argv[0] && r->env ? 0 : -EINVAL;
}

// spawn(request): the child's pid once the program runs, or -(step * 4096 + errno).
// SAFETY: descriptors in `fds` stay the caller's; the child gets copies and nothing else. The request is read whole,
// getters included, before the fork. Waits for the child's exec, which takes as long as reading the program does.
NATIVE(spawn)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r) return give(ctx, -ENOMEM);
    int bad = JS_IsObject(argv[0]) ? read_request(ctx, argv[0], r) : -EINVAL;
    JSValue result = bad ? give(ctx, bad) : JS_NewInt64(ctx, start(r));
    free_vector(r->argv);
    free_vector(r->env);
    free_vector(r->cgroups);
    free(r);
    return result;
}
