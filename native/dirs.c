// Names in directories: listing, creating, removing, renaming, links, owners.
#include "bridge.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

// Lists the directory behind `fd` as [name, type, name, type...] and closes it. Types are those of stat's `type`.
static JSValue list(JSContext *ctx, int fd)
{
    DIR *directory = fdopendir(fd);
    if (!directory) {
        int failure = errno;
        close(fd);
        return give(ctx, -failure);
    }
    JSValue names = JS_NewArray(ctx);
    uint32_t count = 0;
    struct dirent *entry;
    for (errno = 0; !JS_IsException(names) && (entry = readdir(directory)); errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int type = entry->d_type;
        struct stat info;
        // Some file systems leave the type to stat (getdents(2)).
        if (type == DT_UNKNOWN && fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0)
            type = (info.st_mode & S_IFMT) >> 12;
        JSValue name = give_text(ctx, entry->d_name, strlen(entry->d_name));
        if (JS_IsException(name) || JS_DefinePropertyValueUint32(ctx, names, count, name, JS_PROP_C_W_E) < 0 ||
            JS_DefinePropertyValueUint32(ctx, names, count + 1, JS_NewInt32(ctx, type), JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, names);
            names = JS_EXCEPTION;
        }
        count += 2;
    }
    int failure = errno;
    closedir(directory);
    if (failure && !JS_IsException(names)) {
        JS_FreeValue(ctx, names);
        return give(ctx, -failure);
    }
    return names;
}

// readDir(path). SAFETY: the descriptor belongs to `list`, which closes it.
NATIVE(readDir)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    long fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd < 0 ? give_call(ctx, fd) : list(ctx, (int)fd);
}

// readDirAt(dirFd): lists through a second descriptor, so that the caller's keeps its position. SAFETY: as readDir.
NATIVE(readDirAt)
{
    int directory, bad = arg_int(ctx, argv[0], &directory);
    if (bad) return give(ctx, bad);
    long fd = RETRY(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd < 0 ? give_call(ctx, fd) : list(ctx, (int)fd);
}

// SAFETY, for all below: paths are copied to the stack, no descriptor is made, nothing but the disk is waited for.

// mkdir(path, mode)
NATIVE(mkdir)
{
    char path[PATH_MAX];
    int mode, bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_int(ctx, argv[1], &mode))) return give(ctx, bad);
    return give_call(ctx, mkdir(path, (mode_t)mode));
}

// rmdir(path)
NATIVE(rmdir)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    return bad ? give(ctx, bad) : give_call(ctx, rmdir(path));
}

// unlink(path)
NATIVE(unlink)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    return bad ? give(ctx, bad) : give_call(ctx, unlink(path));
}

// rename(from, to)
NATIVE(rename)
{
    char from[PATH_MAX], to[PATH_MAX];
    int bad;
    if ((bad = arg_path(ctx, argv[0], from)) || (bad = arg_path(ctx, argv[1], to))) return give(ctx, bad);
    return give_call(ctx, rename(from, to));
}

// symlink(target, path)
NATIVE(symlink)
{
    char target[PATH_MAX], path[PATH_MAX];
    int bad;
    if ((bad = arg_path(ctx, argv[0], target)) || (bad = arg_path(ctx, argv[1], path))) return give(ctx, bad);
    return give_call(ctx, symlink(target, path));
}

// link(existing, path)
NATIVE(link)
{
    char existing[PATH_MAX], path[PATH_MAX];
    int bad;
    if ((bad = arg_path(ctx, argv[0], existing)) || (bad = arg_path(ctx, argv[1], path))) return give(ctx, bad);
    return give_call(ctx, link(existing, path));
}

// readLink(path): the target. A target never has more than PATH_MAX - 1 bytes.
NATIVE(readLink)
{
    char path[PATH_MAX], target[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    ssize_t length = readlink(path, target, sizeof target);
    return length < 0 ? give_call(ctx, -1) : give_text(ctx, target, (size_t)length);
}

// realPath(path): the path without links. realpath(3) writes at most PATH_MAX bytes.
NATIVE(realPath)
{
    char path[PATH_MAX], resolved[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    return realpath(path, resolved) ? give_text(ctx, resolved, strlen(resolved)) : give_call(ctx, -1);
}

// chmod(path, mode)
NATIVE(chmod)
{
    char path[PATH_MAX];
    int mode, bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_int(ctx, argv[1], &mode))) return give(ctx, bad);
    return give_call(ctx, chmod(path, (mode_t)mode));
}

// chown(path, uid, gid): of a link itself.
NATIVE(chown)
{
    char path[PATH_MAX];
    int uid, gid, bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_int(ctx, argv[1], &uid)) || (bad = arg_int(ctx, argv[2], &gid)))
        return give(ctx, bad);
    return give_call(ctx, lchown(path, (uid_t)uid, (gid_t)gid));
}

// mkfifo(path, mode)
NATIVE(mkfifo)
{
    char path[PATH_MAX];
    int mode, bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_int(ctx, argv[1], &mode))) return give(ctx, bad);
    return give_call(ctx, mkfifo(path, (mode_t)mode));
}

// mknod(path, block, mode, major, minor): a block or character device.
NATIVE(mknod)
{
    char path[PATH_MAX];
    int block, mode, major_number, minor_number, bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_int(ctx, argv[1], &block)) ||
        (bad = arg_int(ctx, argv[2], &mode)) || (bad = arg_int(ctx, argv[3], &major_number)) ||
        (bad = arg_int(ctx, argv[4], &minor_number)))
        return give(ctx, bad);
    mode_t kind = block ? S_IFBLK : S_IFCHR;
    return give_call(ctx, mknod(path, kind | ((mode_t)mode & 07777), makedev((unsigned)major_number, (unsigned)minor_number)));
}

// mkdirAt(dirFd, name, mode)
NATIVE(mkdirAt)
{
    char name[PATH_MAX];
    int directory, mode, bad;
    if ((bad = arg_int(ctx, argv[0], &directory)) || (bad = arg_path(ctx, argv[1], name)) ||
        (bad = arg_int(ctx, argv[2], &mode)))
        return give(ctx, bad);
    return give_call(ctx, mkdirat(directory, name, (mode_t)mode));
}

// unlinkAt(dirFd, name, directory)
NATIVE(unlinkAt)
{
    char name[PATH_MAX];
    int directory, is_directory, bad;
    if ((bad = arg_int(ctx, argv[0], &directory)) || (bad = arg_path(ctx, argv[1], name)) ||
        (bad = arg_int(ctx, argv[2], &is_directory)))
        return give(ctx, bad);
    return give_call(ctx, unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0));
}

// renameAt(fromDir, from, toDir, to)
NATIVE(renameAt)
{
    char from[PATH_MAX], to[PATH_MAX];
    int from_directory, to_directory, bad;
    if ((bad = arg_int(ctx, argv[0], &from_directory)) || (bad = arg_path(ctx, argv[1], from)) ||
        (bad = arg_int(ctx, argv[2], &to_directory)) || (bad = arg_path(ctx, argv[3], to)))
        return give(ctx, bad);
    return give_call(ctx, renameat(from_directory, from, to_directory, to));
}

// symlinkAt(target, dirFd, name)
NATIVE(symlinkAt)
{
    char target[PATH_MAX], name[PATH_MAX];
    int directory, bad;
    if ((bad = arg_path(ctx, argv[0], target)) || (bad = arg_int(ctx, argv[1], &directory)) ||
        (bad = arg_path(ctx, argv[2], name)))
        return give(ctx, bad);
    return give_call(ctx, symlinkat(target, directory, name));
}
