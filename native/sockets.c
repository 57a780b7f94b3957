// Stream sockets, pipes and descriptor passing. Socket addresses are packed here and nowhere else.
#include "bridge.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { most_passed = 64 };

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_vm vsock;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    };
    socklen_t size;
};

// Reads (kind, text, number, port): unix has a path, vsock a context id, tcp an IP literal.
static int arg_address(JSContext *ctx, JSValueConst *argv, struct address *out)
{
    int kind, cid, port, bad;
    char text[PATH_MAX];
    memset(out, 0, sizeof *out);
    if ((bad = arg_int(ctx, argv[0], &kind)) || (bad = arg_path(ctx, argv[1], text)) ||
        (bad = arg_int(ctx, argv[2], &cid)) || (bad = arg_int(ctx, argv[3], &port)))
        return bad;
    if (kind == 0) {
        size_t length = strlen(text);
        if (length >= sizeof out->local.sun_path) return -ENAMETOOLONG;
        if (length == 0) return -EINVAL;
        out->local.sun_family = AF_UNIX;
        memcpy(out->local.sun_path, text, length + 1);
        out->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
        return 0;
    }
    if (kind == 1) {
        out->vsock = (struct sockaddr_vm){.svm_family = AF_VSOCK, .svm_cid = (unsigned)cid, .svm_port = (unsigned)port};
        out->size = sizeof out->vsock;
        return 0;
    }
    if (kind != 2 || port < 0 || port > 65535) return -EINVAL;
    if (inet_pton(AF_INET, text, &out->ip4.sin_addr) == 1) {
        out->ip4.sin_family = AF_INET;
        out->ip4.sin_port = htons((uint16_t)port);
        out->size = sizeof out->ip4;
        return 0;
    }
    if (inet_pton(AF_INET6, text, &out->ip6.sin6_addr) == 1) {
        out->ip6.sin6_family = AF_INET6;
        out->ip6.sin6_port = htons((uint16_t)port);
        out->size = sizeof out->ip6;
        return 0;
    }
    return -EINVAL;
}

static int stream_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    // Small requests and answers must not wait for each other; a failure only costs time.
    if (fd >= 0 && (family == AF_INET || family == AF_INET6)) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// Closes and returns -errno as it was before.
static long give_up(int fd)
{
    int error = errno;
    close(fd);
    return -error;
}

// listen(kind, text, cid, port, backlog, mode): a listening descriptor.
// SAFETY: the caller owns the descriptor; it is closed here when a step fails. The umask is changed for the length of
// bind, so that the socket file never has wider permissions than `mode`: there is one thread.
NATIVE(listen)
{
    struct address address;
    int backlog, mode, bad, on = 1;
    if ((bad = arg_address(ctx, argv, &address)) || (bad = arg_int(ctx, argv[4], &backlog)) ||
        (bad = arg_int(ctx, argv[5], &mode)))
        return give(ctx, bad);
    int fd = stream_socket(address.any.sa_family);
    if (fd < 0) return give_call(ctx, fd);
    if (address.any.sa_family != AF_UNIX) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    mode_t before = umask(0777 & ~(mode_t)mode);
    int bound = bind(fd, &address.any, address.size);
    int error = errno;
    umask(before);
    errno = error;
    if (bound < 0 || listen(fd, backlog) < 0) return give(ctx, give_up(fd));
    return give(ctx, fd);
}

// connect(kind, text, cid, port): a descriptor that is connected or connecting. SAFETY: as listen; never waits.
NATIVE(connect)
{
    struct address address;
    int bad = arg_address(ctx, argv, &address);
    if (bad) return give(ctx, bad);
    int fd = stream_socket(address.any.sa_family);
    if (fd < 0) return give_call(ctx, fd);
    if (connect(fd, &address.any, address.size) < 0 && errno != EINPROGRESS) return give(ctx, give_up(fd));
    return give(ctx, fd);
}

// connectError(fd): the pending error's number, 0 when there is none. SAFETY: one int.
NATIVE(connectError)
{
    int fd, error = 0, bad = arg_int(ctx, argv[0], &fd);
    socklen_t size = sizeof error;
    if (bad) return give(ctx, bad);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? give_call(ctx, -1) : give(ctx, error);
}

// accept(fd): a connected descriptor. SAFETY: the caller owns it.
NATIVE(accept)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    return bad ? give(ctx, bad) : give_call(ctx, RETRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)));
}

static JSValue give_pair(JSContext *ctx, const int pair[2])
{
    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result)) {
        close(pair[0]);
        close(pair[1]);
        return result;
    }
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt32(ctx, pair[0]), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewInt32(ctx, pair[1]), JS_PROP_C_W_E);
    return result;
}

// socketPair() and pipe(nonBlocking): [descriptor, descriptor], owned by the caller.
NATIVE(socketPair)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ? give_call(ctx, -1) : give_pair(ctx, pair);
}

NATIVE(pipe)
{
    int pair[2], non_blocking, bad = arg_int(ctx, argv[0], &non_blocking);
    if (bad) return give(ctx, bad);
    return pipe2(pair, O_CLOEXEC | (non_blocking ? O_NONBLOCK : 0)) < 0 ? give_call(ctx, -1) : give_pair(ctx, pair);
}

// setPipeSize(fd, bytes): the size that the kernel chose. SAFETY: no memory.
NATIVE(setPipeSize)
{
    int fd, size, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &size))) return give(ctx, bad);
    return give_call(ctx, fcntl(fd, F_SETPIPE_SZ, size));
}

// setNonBlocking(fd, on). SAFETY: changes the open file description, which other processes may share.
NATIVE(setNonBlocking)
{
    int fd, on, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &on))) return give(ctx, bad);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return give_call(ctx, flags);
    return give_call(ctx, fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

// duplicate(fd): a second descriptor, close-on-exec, never one of the standard three. SAFETY: the caller owns it.
NATIVE(duplicate)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    return bad ? give(ctx, bad) : give_call(ctx, fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(most_passed * sizeof(int))];
};

// sendDescriptors(fd, bytes, descriptors): bytes sent.
// SAFETY: the array is read before the buffer is borrowed; the control buffer holds most_passed descriptors. They stay
// the caller's. MSG_NOSIGNAL as SIGPIPE would be.
NATIVE(sendDescriptors)
{
    int fd, passed[most_passed], count, bad;
    struct bytes from;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_ints(ctx, argv[2], passed, most_passed, &count)) ||
        (bad = arg_bytes(ctx, argv[1], 1, &from)))
        return give(ctx, bad);
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec part = {from.data, from.length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), passed, (size_t)count * sizeof(int));
    }
    return give_call(ctx, RETRY(sendmsg(fd, &message, MSG_NOSIGNAL)));
}

// Collects the descriptors of a message; returns how many there are.
static int received_descriptors(struct msghdr *message, int *out)
{
    int count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int here = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        if (here > most_passed - count) here = most_passed - count;
        memcpy(out + count, CMSG_DATA(header), (size_t)here * sizeof(int));
        count += here;
    }
    return count;
}

// receiveDescriptors(fd, buffer): [received, descriptor...].
// SAFETY: writes into the borrowed buffer only. Received descriptors are close-on-exec and the caller's; all are closed
// when control data was cut, or when the result cannot be built.
NATIVE(receiveDescriptors)
{
    int fd, passed[most_passed], bad;
    struct bytes into;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_bytes(ctx, argv[1], 1, &into))) return give(ctx, bad);
    union control control;
    struct iovec part = {into.data, into.length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    long received = RETRY(recvmsg(fd, &message, MSG_CMSG_CLOEXEC));
    if (received < 0) return give_call(ctx, received);
    int count = received_descriptors(&message, passed);
    JSValue result = message.msg_flags & MSG_CTRUNC ? JS_UNDEFINED : JS_NewArray(ctx);
    if (JS_IsUndefined(result) || JS_IsException(result)) {
        for (int i = 0; i < count; i++) close(passed[i]);
        return JS_IsException(result) ? result : give(ctx, -EMSGSIZE);
    }
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt64(ctx, received), JS_PROP_C_W_E);
    for (int i = 0; i < count; i++)
        JS_DefinePropertyValueUint32(ctx, result, (uint32_t)i + 1, JS_NewInt32(ctx, passed[i]), JS_PROP_C_W_E);
    return result;
}

// shutdown(fd, how): 0 read, 1 write, 2 both. SAFETY: no memory.
NATIVE(shutdown)
{
    static const int ways[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    int fd, how, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &how))) return give(ctx, bad);
    return how < 0 || how > 2 ? give(ctx, -EINVAL) : give_call(ctx, shutdown(fd, ways[how]));
}

// peer(fd): {pid, uid, gid}. SAFETY: one struct ucred.
NATIVE(peer)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    if (bad) return give(ctx, bad);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return give_call(ctx, -1);
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object)) return object;
    put_number(ctx, object, "pid", peer.pid);
    put_number(ctx, object, "uid", peer.uid);
    put_number(ctx, object, "gid", peer.gid);
    return object;
}

// netlink(protocol, groups): a bound socket; protocol 0 is route, 1 uevent. SAFETY: the caller owns it.
NATIVE(netlink)
{
    static const int protocols[] = {NETLINK_ROUTE, NETLINK_KOBJECT_UEVENT};
    int protocol, groups, bad;
    if ((bad = arg_int(ctx, argv[0], &protocol)) || (bad = arg_int(ctx, argv[1], &groups))) return give(ctx, bad);
    if (protocol < 0 || protocol > 1) return give(ctx, -EINVAL);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocols[protocol]);
    if (fd < 0) return give_call(ctx, fd);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = (unsigned)groups};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) return give(ctx, give_up(fd));
    // Errors then come with the kernel's explanation; kernels that have none refuse the option, which costs nothing.
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &(int){1}, sizeof(int));
    return give(ctx, fd);
}
