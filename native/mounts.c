// Mounts and namespaces. Flag numbers of mount(2) are the same on all architectures; they come from TypeScript.
#include "bridge.h"

#include <sched.h>
#include <sys/mount.h>

// mount(source, target, type, flags, data): type and data may be null.
// SAFETY: all strings are copied to the stack; the kernel reads at most one page of data. May wait for a device.
NATIVE(mount)
{
    char source[PATH_MAX], target[PATH_MAX], type[256], data[4096];
    bool has_type, has_data;
    int64_t flags;
    int bad;
    if ((bad = arg_path(ctx, argv[0], source)) || (bad = arg_path(ctx, argv[1], target)) ||
        (bad = arg_text_or_null(ctx, argv[2], type, sizeof type, &has_type)) || (bad = arg_i64(ctx, argv[3], &flags)) ||
        (bad = arg_text_or_null(ctx, argv[4], data, sizeof data, &has_data)))
        return give(ctx, bad);
    return give_call(ctx, mount(source, target, has_type ? type : NULL, (unsigned long)flags, has_data ? data : NULL));
}

// unmount(target, detach, force): never follows a link. SAFETY: no memory. Without `detach` it may wait for the disk.
NATIVE(unmount)
{
    char target[PATH_MAX];
    int detach, force, bad;
    if ((bad = arg_path(ctx, argv[0], target)) || (bad = arg_int(ctx, argv[1], &detach)) ||
        (bad = arg_int(ctx, argv[2], &force)))
        return give(ctx, bad);
    return give_call(ctx, umount2(target, UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0) | (force ? MNT_FORCE : 0)));
}

// chroot(path) and chdir(path). SAFETY: they change this process only.
NATIVE(chroot)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    return bad ? give(ctx, bad) : give_call(ctx, chroot(path));
}

NATIVE(chdir)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    return bad ? give(ctx, bad) : give_call(ctx, chdir(path));
}

// cwd(): the working directory.
NATIVE(cwd)
{
    char path[PATH_MAX];
    return getcwd(path, sizeof path) ? give_text(ctx, path, strlen(path)) : give_call(ctx, -1);
}

// Namespace kinds in the order of namespaceKinds in src/sys/linux/mounts.ts.
static const int namespaces[] = {CLONE_NEWNS,  CLONE_NEWNET,    CLONE_NEWIPC,  CLONE_NEWUTS,
                                 CLONE_NEWPID, CLONE_NEWCGROUP, CLONE_NEWUSER, 0x80 /* CLONE_NEWTIME */};
enum { namespace_count = sizeof namespaces / sizeof *namespaces };

// enterNamespace(fd, kind). SAFETY: the descriptor stays the caller's; the process has one thread, as setns demands.
NATIVE(enterNamespace)
{
    int fd, kind, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &kind))) return give(ctx, bad);
    if (kind < 0 || kind >= namespace_count) return give(ctx, -EINVAL);
    return give_call(ctx, setns(fd, namespaces[kind]));
}

// unshare(kinds): bit N stands for kind N.
NATIVE(unshare)
{
    int kinds, flags = 0, bad = arg_int(ctx, argv[0], &kinds);
    if (bad) return give(ctx, bad);
    for (int i = 0; i < namespace_count; i++)
        if (kinds & (1 << i)) flags |= namespaces[i];
    return give_call(ctx, unshare(flags));
}
