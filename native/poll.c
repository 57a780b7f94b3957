// Readiness and signals, for the event loop.
#include "bridge.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

// pollCreate(): an epoll descriptor, owned by the caller.
NATIVE(pollCreate)
{
    return give_call(ctx, epoll_create1(EPOLL_CLOEXEC));
}

static JSValue control(JSContext *ctx, JSValueConst *argv, int operation)
{
    int poll, fd, events, token, bad;
    if ((bad = arg_int(ctx, argv[0], &poll)) || (bad = arg_int(ctx, argv[1], &fd)) || (bad = arg_int(ctx, argv[2], &events)) ||
        (bad = arg_int(ctx, argv[3], &token)))
        return give(ctx, bad);
    struct epoll_event event = {.events = (uint32_t)events, .data.u64 = (uint32_t)token};
    return give_call(ctx, epoll_ctl(poll, operation, fd, &event));
}

// pollAdd, pollModify(poll, fd, events, token); pollRemove(poll, fd). SAFETY: one struct on the stack.
NATIVE(pollAdd)
{
    return control(ctx, argv, EPOLL_CTL_ADD);
}

NATIVE(pollModify)
{
    return control(ctx, argv, EPOLL_CTL_MOD);
}

NATIVE(pollRemove)
{
    int poll, fd, bad;
    if ((bad = arg_int(ctx, argv[0], &poll)) || (bad = arg_int(ctx, argv[1], &fd))) return give(ctx, bad);
    return give_call(ctx, epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL));
}

// pollWait(poll, out, timeoutMs): pairs of token and events into the Int32Array; returns the number of pairs.
// SAFETY: at most as many pairs as the array holds. Waits for at most timeoutMs; that is the loop's place to sleep.
NATIVE(pollWait)
{
    enum { most = 256 };
    struct epoll_event events[most];
    struct bytes out;
    int poll, timeout, bad;
    if ((bad = arg_int(ctx, argv[0], &poll)) || (bad = arg_int(ctx, argv[2], &timeout)) ||
        (bad = arg_bytes(ctx, argv[1], sizeof(int32_t), &out)))
        return give(ctx, bad);
    size_t pairs = out.length / (2 * sizeof(int32_t));
    int count = epoll_wait(poll, events, pairs < most ? (int)pairs : most, timeout);
    if (count < 0) return errno == EINTR ? give(ctx, 0) : give_call(ctx, count);
    for (int i = 0; i < count; i++) {
        int32_t pair[2] = {(int32_t)(uint32_t)events[i].data.u64, (int32_t)events[i].events};
        memcpy(out.data + (size_t)i * sizeof pair, pair, sizeof pair);
    }
    return give(ctx, count);
}

static int arg_signals(JSContext *ctx, JSValueConst value, sigset_t *set)
{
    int numbers[NSIG], count, bad = arg_ints(ctx, value, numbers, NSIG, &count);
    sigemptyset(set);
    for (int i = 0; !bad && i < count; i++)
        if (sigaddset(set, numbers[i]) < 0) bad = -EINVAL;
    return bad;
}

// signalFd(signals): blocks them and gives a descriptor that delivers them. SAFETY: the caller owns it.
NATIVE(signalFd)
{
    sigset_t set;
    int bad = arg_signals(ctx, argv[0], &set);
    if (bad) return give(ctx, bad);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) return give_call(ctx, fd);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return give(ctx, fd);
}

// releaseSignals(signals): unblocks them; a pending one takes its default action at once. SAFETY: this process only.
NATIVE(releaseSignals)
{
    sigset_t set;
    int bad = arg_signals(ctx, argv[0], &set);
    return bad ? give(ctx, bad) : give_call(ctx, sigprocmask(SIG_UNBLOCK, &set, NULL));
}

// readSignal(fd): signal + pid * 128, or -EAGAIN. Numbers of signals are below 128 on every architecture.
NATIVE(readSignal)
{
    struct signalfd_siginfo info;
    int fd, bad = arg_int(ctx, argv[0], &fd);
    if (bad) return give(ctx, bad);
    long got = RETRY(read(fd, &info, sizeof info));
    if (got < 0) return give_call(ctx, got);
    if (got != (long)sizeof info) return give(ctx, -EIO);
    return JS_NewInt64(ctx, (int64_t)info.ssi_pid * 128 + info.ssi_signo);
}
