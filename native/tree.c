// Removal of a whole tree whose content is hostile: any depth, any names (also no valid UTF-8, so this cannot be
// TypeScript), links that point outside, mounts left inside.
#include "bridge.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

// Open directories at once. What lies deeper is moved up to the root of the tree first, which costs one rename.
enum { most_levels = 48 };

// Opens a subdirectory without following a link and without entering a mount: a bind mount of the same file system is
// only told apart by RESOLVE_NO_XDEV. A mount point gives -EBUSY, as rmdir(2) would.
static int enter(int parent, const char *name)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
    };
    long fd = RETRY(syscall(SYS_openat2, parent, name, &how, sizeof how));
    if (fd >= 0) return (int)fd;
    return errno == EXDEV ? -EBUSY : -errno;
}

static int move_up(int parent, const char *name, int root)
{
    char unique[64];
    for (int i = 0; i < 1000; i++) {
        snprintf(unique, sizeof unique, ".removing-%d-%d", (int)getpid(), i);
        // An existing directory of that name would be replaced when empty, which does no harm here.
        if (renameat(parent, name, root, unique) == 0) return 0;
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return -errno;
    }
    return -EEXIST;
}

// Empties the directory behind `fd`, which it closes. `root` is the descriptor of the tree's root, -1 at the root.
static int empty(int fd, int level, int root)
{
    DIR *directory = fdopendir(fd);
    if (!directory) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    if (root < 0) root = fd;
    int result = 0;
    bool again;
    do {
        again = false;
        struct dirent *entry;
        for (errno = 0; result == 0 && (entry = readdir(directory)); errno = 0) {
            const char *name = entry->d_name;
            if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
            if (entry->d_type != DT_DIR) {
                if (unlinkat(fd, name, 0) == 0 || errno == ENOENT) continue;
                if (errno != EISDIR) {
                    result = -errno;
                    break;
                }
            }
            if (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) continue;
            if (errno != ENOTEMPTY && errno != EEXIST) {
                result = -errno;
                break;
            }
            if (level >= most_levels) {
                result = move_up(fd, name, root);
                continue;
            }
            int child = enter(fd, name);
            result = child < 0 ? child : empty(child, level + 1, root);
            if (result == 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT) result = -errno;
        }
        if (result == 0 && errno != 0) result = -errno;
        // Only the root gains entries while it is read, by moves from below.
        if (result == 0 && level == 0) {
            rewinddir(directory);
            while ((entry = readdir(directory)) && !again)
                again = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
            rewinddir(directory);
        }
    } while (again && result == 0);
    closedir(directory);
    return result;
}

// removeTree(path): 0, also when nothing was there.
// SAFETY: descriptors are closed on every way out; recursion is bounded by most_levels (each frame is small). Blocks
// for as long as the tree is large.
NATIVE(removeTree)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    if (unlink(path) == 0 || errno == ENOENT) return give(ctx, 0);
    if (errno != EISDIR) return give_call(ctx, -1);
    // The parent is opened as the caller wrote it; only the last component must be neither link nor mount.
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') path[--length] = 0;
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || *name == 0) return give(ctx, -EINVAL);
    const char *parent = slash == path ? "/" : slash ? path : ".";
    if (slash && slash != path) *slash = 0;
    long up = RETRY(open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (up < 0) return give_call(ctx, up);
    int fd = enter((int)up, name);
    int result = fd < 0 ? fd : empty(fd, 0, -1);
    if (result == 0 && unlinkat((int)up, name, AT_REMOVEDIR) < 0) result = -errno;
    close((int)up);
    return give(ctx, result == -ENOENT ? 0 : result);
}
