// The machine as a whole.
#include "bridge.h"

#include <linux/kvm.h>
#include <linux/random.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <fcntl.h>
#include <time.h>

static double milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

// nowMs() and wallMs(): milliseconds with fractions. They cannot fail.
NATIVE(nowMs)
{
    return JS_NewFloat64(ctx, milliseconds(CLOCK_MONOTONIC));
}

NATIVE(wallMs)
{
    return JS_NewFloat64(ctx, milliseconds(CLOCK_REALTIME));
}

// setWallClock(seconds, nanoseconds). SAFETY: one struct.
NATIVE(setWallClock)
{
    int64_t seconds, nanoseconds;
    int bad;
    if ((bad = arg_i64(ctx, argv[0], &seconds)) || (bad = arg_i64(ctx, argv[1], &nanoseconds))) return give(ctx, bad);
    struct timespec when = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
    return give_call(ctx, clock_settime(CLOCK_REALTIME, &when));
}

// random(buffer): fills it. SAFETY: writes into the borrowed buffer only. Waits while the kernel's pool is not seeded.
NATIVE(random)
{
    struct bytes into;
    int bad = arg_bytes(ctx, argv[0], 1, &into);
    for (size_t filled = 0; !bad && filled < into.length;) {
        long got = RETRY(getrandom(into.data + filled, into.length - filled, 0));
        if (got < 0) return give_call(ctx, got);
        filled += (size_t)got;
    }
    return give(ctx, bad);
}

// addEntropy(bytes): credits eight bits a byte and reseeds. SAFETY: copies at most 512 bytes into one struct.
NATIVE(addEntropy)
{
    enum { most = 512 };
    union {
        struct rand_pool_info info;
        char room[sizeof(struct rand_pool_info) + most];
    } pool;
    struct bytes from;
    int bad = arg_bytes(ctx, argv[0], 1, &from);
    if (bad) return give(ctx, bad);
    if (from.length > most) return give(ctx, -E2BIG);
    memset(&pool, 0, sizeof pool);
    pool.info.entropy_count = (int)from.length * 8;
    pool.info.buf_size = (int)from.length;
    memcpy(pool.room + offsetof(struct rand_pool_info, buf), from.data, from.length);
    int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    if (fd < 0) return give_call(ctx, fd);
    long result = ioctl(fd, RNDADDENTROPY, &pool.info);
    if (result == 0) result = ioctl(fd, RNDRESEEDCRNG, NULL);
    int error = errno;
    close(fd);
    return give(ctx, result < 0 ? -error : 0);
}

// uname(): a record of strings. SAFETY: one struct.
NATIVE(uname)
{
    struct utsname name;
    if (uname(&name) < 0) return give_call(ctx, -1);
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object)) return object;
    put(ctx, object, "sysname", give_text(ctx, name.sysname, strlen(name.sysname)));
    put(ctx, object, "nodename", give_text(ctx, name.nodename, strlen(name.nodename)));
    put(ctx, object, "release", give_text(ctx, name.release, strlen(name.release)));
    put(ctx, object, "version", give_text(ctx, name.version, strlen(name.version)));
    put(ctx, object, "machine", give_text(ctx, name.machine, strlen(name.machine)));
    return object;
}

// setHostname(name). SAFETY: copied to the stack.
NATIVE(setHostname)
{
    char name[256];
    int bad = arg_text(ctx, argv[0], name, sizeof name);
    return bad ? give(ctx, bad) : give_call(ctx, sethostname(name, strlen(name)));
}

// loadModule(fd, parameters). SAFETY: the descriptor stays the caller's. Waits for the module's own start.
NATIVE(loadModule)
{
    char parameters[4096];
    int fd, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_text(ctx, argv[1], parameters, sizeof parameters)))
        return give(ctx, bad);
    return give_call(ctx, syscall(SYS_finit_module, fd, parameters, 0));
}

// reboot(how): 0 power off, 1 restart, 2 halt. File systems are written out first.
NATIVE(reboot)
{
    static const int ways[] = {RB_POWER_OFF, RB_AUTOBOOT, RB_HALT_SYSTEM};
    int how, bad = arg_int(ctx, argv[0], &how);
    if (bad) return give(ctx, bad);
    if (how < 0 || how > 2) return give(ctx, -EINVAL);
    sync();
    return give_call(ctx, reboot(ways[how]));
}

// sync(). Waits for all disks.
NATIVE(sync)
{
    sync();
    return give(ctx, 0);
}

// inotify() and inotifyAdd(fd, path, mask). SAFETY: the caller owns the descriptor.
NATIVE(inotify)
{
    return give_call(ctx, inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

NATIVE(inotifyAdd)
{
    char path[PATH_MAX];
    int fd, mask, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_path(ctx, argv[1], path)) || (bad = arg_int(ctx, argv[2], &mask)))
        return give(ctx, bad);
    return give_call(ctx, inotify_add_watch(fd, path, (uint32_t)mask));
}

// cpuCount() and pageSize(). A machine with over 1024 CPUs answers with what is online.
NATIVE(cpuCount)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return give(ctx, CPU_COUNT(&set));
    return give(ctx, sysconf(_SC_NPROCESSORS_ONLN));
}

NATIVE(pageSize)
{
    return give(ctx, sysconf(_SC_PAGESIZE));
}

// probeKvm(fd): the version of KVM's API behind an open /dev/kvm, after making a VM and throwing it away. Without the one version
// that there is (12) nothing is made. SAFETY: the descriptor stays the caller's; the VM's is closed here.
NATIVE(probeKvm)
{
    int kvm, bad = arg_int(ctx, argv[0], &kvm);
    if (bad) return give(ctx, bad);
    int version = ioctl(kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) return give_call(ctx, version);
    // On arm64 a VM's type is the size of its addresses; everywhere else the answer is 0, and so is the type.
    int address_bits = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
    long vm = RETRY(ioctl(kvm, KVM_CREATE_VM, address_bits > 0 ? (unsigned long)address_bits : 0));
    if (vm < 0) return give_call(ctx, vm);
    close((int)vm);
    return give(ctx, version);
}

// errorName(number) and errorText(number): what errno(3) and strerror(3) say. SAFETY: static strings.
NATIVE(errorName)
{
    int number, bad = arg_int(ctx, argv[0], &number);
    if (bad) return give(ctx, bad);
    const char *name = strerrorname_np(number);
    return give_text(ctx, name ? name : "EUNKNOWN", strlen(name ? name : "EUNKNOWN"));
}

NATIVE(errorText)
{
    int number, bad = arg_int(ctx, argv[0], &number);
    if (bad) return give(ctx, bad);
    const char *text = strerrordesc_np(number);
    return give_text(ctx, text ? text : "Unknown error", strlen(text ? text : "Unknown error"));
}
