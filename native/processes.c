// This process and its children. Starting one: spawn.c.
#include "bridge.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "processes.h"

// kill(pid, signal). SAFETY: no memory.
NATIVE(kill)
{
    int pid, signal_number, bad;
    if ((bad = arg_int(ctx, argv[0], &pid)) || (bad = arg_int(ctx, argv[1], &signal_number))) return give(ctx, bad);
    return give_call(ctx, kill(pid, signal_number));
}

// reap(): [pid, code, signal] of one ended child, 0 when none has ended, -ECHILD when there is none. Never waits.
NATIVE(reap)
{
    int status = 0;
    long pid = RETRY(waitpid(-1, &status, WNOHANG));
    if (pid <= 0) return give_call(ctx, pid);
    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result)) return result;
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt64(ctx, pid), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewInt32(ctx, WIFEXITED(status) ? WEXITSTATUS(status) : 0), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 2, JS_NewInt32(ctx, WIFSIGNALED(status) ? WTERMSIG(status) : 0), JS_PROP_C_W_E);
    return result;
}

// pid(), parentPid(), uid(): always work.
NATIVE(pid)
{
    return give(ctx, getpid());
}

NATIVE(parentPid)
{
    return give(ctx, getppid());
}

NATIVE(uid)
{
    return JS_NewInt64(ctx, geteuid());
}

// becomeSubreaper(), setDeathSignal(signal), newSession(), umask(mask). SAFETY: attributes of this process only.
NATIVE(becomeSubreaper)
{
    return give_call(ctx, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

// scheduleApart(). SAFETY: an attribute of this process only.
NATIVE(scheduleApart)
{
    // Absent from the headers of older kernels: PR_SCHED_CORE, PR_SCHED_CORE_CREATE, this thread alone.
    return give_call(ctx, prctl(62, 1, 0, 0, 0));
}

NATIVE(setDeathSignal)
{
    int signal_number, bad = arg_int(ctx, argv[0], &signal_number);
    return bad ? give(ctx, bad) : give_call(ctx, prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0));
}

NATIVE(newSession)
{
    return give_call(ctx, setsid());
}

NATIVE(umask)
{
    int mask, bad = arg_int(ctx, argv[0], &mask);
    return bad ? give(ctx, bad) : give(ctx, umask((mode_t)mask & 0777));
}

// In the order of rlimitNames in src/sys/linux/processes.ts.
static const int resources[] = {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_NPROC, RLIMIT_STACK, RLIMIT_FSIZE};

int rlimit_resource(int index)
{
    return index >= 0 && index < (int)(sizeof resources / sizeof *resources) ? resources[index] : -1;
}

// setRlimit(resource, soft, hard): the limits are BigInts; -1 and 2^64-1 mean no limit. SAFETY: this process only.
NATIVE(setRlimit)
{
    int index, bad;
    int64_t soft, hard;
    if ((bad = arg_int(ctx, argv[0], &index)) || (bad = arg_i64(ctx, argv[1], &soft)) || (bad = arg_i64(ctx, argv[2], &hard)))
        return give(ctx, bad);
    if (rlimit_resource(index) < 0) return give(ctx, -EINVAL);
    struct rlimit limit = {(rlim_t)soft, (rlim_t)hard};
    return give_call(ctx, setrlimit(rlimit_resource(index), &limit));
}

static JSValue give_vector(JSContext *ctx, char **vector, int most)
{
    JSValue result = JS_NewArray(ctx);
    for (int i = 0; !JS_IsException(result) && i < most && vector[i]; i++)
        JS_DefinePropertyValueUint32(ctx, result, (uint32_t)i, give_text(ctx, vector[i], strlen(vector[i])), JS_PROP_C_W_E);
    return result;
}

// environment() and argv(): copies as arrays of strings.
NATIVE(environment)
{
    return environ ? give_vector(ctx, environ, INT_MAX) : JS_NewArray(ctx);
}

NATIVE(argv)
{
    return give_vector(ctx, process_argv, process_argc);
}

#ifdef KATA_NATIVE_TESTING
#include <stdio.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif
#endif

// exit(code). SAFETY: never returns; nothing is flushed, because nothing is buffered.
NATIVE(exit)
{
    int code, bad = arg_int(ctx, argv[0], &code);
    if (bad) return give(ctx, bad);
#if defined(KATA_NATIVE_TESTING) && defined(__SANITIZE_ADDRESS__)
    if (__lsan_do_recoverable_leak_check()) code = 23;
#endif
    _exit(code);
}
