// Taps: virtual Ethernet cards whose other end is a descriptor (linux/Documentation/networking/tuntap.rst).
#include "bridge.h"

#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

// The bits of `openTap`, the same as tapBits in src/sys/linux/sockets.ts.
enum {
    TAP_MULTI_QUEUE = 1,
    TAP_EXCLUSIVE = 2,
};

// openTap(name, bits): a descriptor of a tap of the current network namespace: non-blocking, close-on-exec, whole
// Ethernet frames behind a virtio header. The tap is made unless it exists, and is gone when its last descriptor is closed.
// SAFETY: the caller owns the descriptor, which is closed here when a step fails. One struct ifreq, always terminated.
NATIVE(openTap)
{
    char name[IFNAMSIZ];
    int bits, bad;
    if ((bad = arg_int(ctx, argv[1], &bits)) || (bad = arg_text(ctx, argv[0], name, sizeof name))) return give(ctx, bad);
    // An empty name or one with a format would let the kernel choose another.
    if (name[0] == 0 || strchr(name, '%')) return give(ctx, -EINVAL);
    int fd = (int)RETRY(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (fd < 0) return give_call(ctx, fd);
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, strlen(name) + 1);
    int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (bits & TAP_MULTI_QUEUE) flags |= IFF_MULTI_QUEUE;
    if (bits & TAP_EXCLUSIVE) flags |= IFF_TUN_EXCL;
    request.ifr_flags = (short)flags;
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        int error = errno;
        close(fd);
        return give(ctx, -error);
    }
    return give(ctx, fd);
}
