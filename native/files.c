// Files by descriptor and by path. Paths of directories: dirs.c; removal of trees: tree.c.
#include "bridge.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

// The bits of `open`, the same as openBits in src/sys/linux/files.ts: O_* differ between architectures.
enum {
    OPEN_WRITE = 1,
    OPEN_READ = 2,
    OPEN_CREATE = 4,
    OPEN_EXCLUSIVE = 8,
    OPEN_TRUNCATE = 16,
    OPEN_APPEND = 32,
    OPEN_NON_BLOCKING = 64,
    OPEN_DIRECTORY = 128,
    OPEN_PATH_ONLY = 256,
    OPEN_NO_FOLLOW = 512,
};

static int open_flags(int bits)
{
    // openat2(2) refuses O_NOCTTY for a mere handle.
    int flags = O_CLOEXEC | (bits & OPEN_PATH_ONLY ? 0 : O_NOCTTY);
    if (bits & OPEN_WRITE) flags |= bits & OPEN_READ ? O_RDWR : O_WRONLY;
    if (bits & OPEN_CREATE) flags |= O_CREAT;
    if (bits & OPEN_EXCLUSIVE) flags |= O_EXCL;
    if (bits & OPEN_TRUNCATE) flags |= O_TRUNC;
    if (bits & OPEN_APPEND) flags |= O_APPEND;
    if (bits & OPEN_NON_BLOCKING) flags |= O_NONBLOCK;
    if (bits & OPEN_DIRECTORY) flags |= O_DIRECTORY;
    if (bits & OPEN_PATH_ONLY) flags |= O_PATH;
    if (bits & OPEN_NO_FOLLOW) flags |= O_NOFOLLOW;
    return flags;
}

// open(path, bits, mode): a descriptor, close-on-exec.
// SAFETY: the caller owns the descriptor. May wait for the disk, and for a FIFO's peer unless non-blocking.
NATIVE(open)
{
    char path[PATH_MAX];
    int bits, mode, bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_int(ctx, argv[1], &bits)) ||
        (bad = arg_int(ctx, argv[2], &mode)))
        return give(ctx, bad);
    return give_call(ctx, RETRY(open(path, open_flags(bits), mode)));
}

// openBeneath(dirFd, path, bits, mode): a descriptor; the kernel keeps the walk below dirFd and off every link.
// SAFETY: as open. how.mode must be 0 unless a file may be created (openat2(2)).
NATIVE(openBeneath)
{
    char path[PATH_MAX];
    int directory, bits, mode, bad;
    if ((bad = arg_int(ctx, argv[0], &directory)) || (bad = arg_path(ctx, argv[1], path)) ||
        (bad = arg_int(ctx, argv[2], &bits)) || (bad = arg_int(ctx, argv[3], &mode)))
        return give(ctx, bad);
    struct open_how how = {
        .flags = (unsigned)open_flags(bits),
        .mode = bits & OPEN_CREATE ? (unsigned)mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return give_call(ctx, RETRY(syscall(SYS_openat2, directory, path, &how, sizeof how)));
}

// close(fd). SAFETY: the descriptor is gone afterwards whatever the result says (close(2)), so it is not retried.
NATIVE(close)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    return bad ? give(ctx, bad) : give_call(ctx, close(fd));
}

// read(fd, buffer, offset, length): bytes read.
// SAFETY: writes into the borrowed slice only. Blocks when the descriptor does.
NATIVE(read)
{
    int fd;
    struct bytes into;
    int bad = arg_int(ctx, argv[0], &fd);
    if (!bad) bad = arg_slice(ctx, argv + 1, &into);
    return bad ? give(ctx, bad) : give_call(ctx, RETRY(read(fd, into.data, into.length)));
}

// write(fd, buffer, offset, length): bytes written.
// SAFETY: reads the borrowed slice only. Blocks when the descriptor does.
NATIVE(write)
{
    int fd;
    struct bytes from;
    int bad = arg_int(ctx, argv[0], &fd);
    if (!bad) bad = arg_slice(ctx, argv + 1, &from);
    return bad ? give(ctx, bad) : give_call(ctx, RETRY(write(fd, from.data, from.length)));
}

// Writes until the descriptor takes no more: a virtio port takes 32 KiB at a time, however much there is. An error counts
// only when nothing was written before; the next call meets it again.
static ssize_t write_parts(int fd, struct iovec *parts, int count)
{
    ssize_t total = 0;
    while (count > 0) {
        ssize_t written = RETRY(writev(fd, parts, count));
        if (written < 0) return total > 0 ? total : written;
        total += written;
        for (; count > 0 && (size_t)written >= parts->iov_len; parts++, count--) written -= (ssize_t)parts->iov_len;
        if (count == 0) break;
        if (written == 0) return total;
        parts->iov_base = (uint8_t *)parts->iov_base + written;
        parts->iov_len -= (size_t)written;
    }
    return total;
}

// writeMany(fd, chunks, skip): writes up to 64 chunks, leaving out the first `skip` bytes of the first.
// SAFETY: all items are fetched, and held, before any is borrowed: no JavaScript runs between borrowing and writev.
NATIVE(writeMany)
{
    enum { most = 64 };
    JSValue items[most];
    struct iovec parts[most];
    int fd, skip, count = 0, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[2], &skip))) return give(ctx, bad);
    JSValue length = JS_IsArray(ctx, argv[1]) == 1 ? JS_GetPropertyStr(ctx, argv[1], "length")
                                                   : JS_ThrowTypeError(ctx, "native call: an array was expected");
    int64_t wanted = 0;
    bad = JS_IsException(length) ? THREW : arg_i64(ctx, length, &wanted);
    JS_FreeValue(ctx, length);
    for (; !bad && count < wanted && count < most; count++) {
        items[count] = JS_GetPropertyUint32(ctx, argv[1], (uint32_t)count);
        if (JS_IsException(items[count])) bad = THREW;
    }
    for (int i = 0; !bad && i < count; i++) {
        struct bytes chunk;
        bad = arg_bytes(ctx, items[i], 1, &chunk);
        if (!bad) parts[i] = (struct iovec){chunk.data, chunk.length};
    }
    if (!bad && (skip < 0 || (skip > 0 && (count == 0 || (size_t)skip > parts[0].iov_len)))) bad = -EINVAL;
    if (!bad && skip > 0) {
        parts[0].iov_base = (uint8_t *)parts[0].iov_base + skip;
        parts[0].iov_len -= (size_t)skip;
    }
    JSValue result = bad ? give(ctx, bad) : give_call(ctx, write_parts(fd, parts, count));
    for (int i = 0; i < count; i++) JS_FreeValue(ctx, items[i]);
    return result;
}

// pread(fd, buffer, position) and pwrite(fd, buffer, position). SAFETY: as read and write.
NATIVE(pread)
{
    int fd;
    int64_t position;
    struct bytes into;
    int bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_i64(ctx, argv[2], &position)) ||
        (bad = arg_bytes(ctx, argv[1], 1, &into)))
        return give(ctx, bad);
    return give_call(ctx, RETRY(pread(fd, into.data, into.length, position)));
}

NATIVE(pwrite)
{
    int fd;
    int64_t position;
    struct bytes from;
    int bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_i64(ctx, argv[2], &position)) ||
        (bad = arg_bytes(ctx, argv[1], 1, &from)))
        return give(ctx, bad);
    return give_call(ctx, RETRY(pwrite(fd, from.data, from.length, position)));
}

// splice(from, to, length): bytes moved; never waits. SAFETY: touches no memory of this process.
NATIVE(splice)
{
    int from, to, bad;
    int64_t length;
    if ((bad = arg_int(ctx, argv[0], &from)) || (bad = arg_int(ctx, argv[1], &to)) ||
        (bad = arg_i64(ctx, argv[2], &length)))
        return give(ctx, bad);
    if (length < 0) return give(ctx, -EINVAL);
    return give_call(ctx, RETRY(splice(from, NULL, to, NULL, (size_t)length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)));
}

// readable(fd): bytes ready to be read. SAFETY: FIONREAD writes one int, which overflows for large files.
NATIVE(readable)
{
    int fd, ready = 0, bad = arg_int(ctx, argv[0], &fd);
    if (bad) return give(ctx, bad);
    return ioctl(fd, FIONREAD, &ready) < 0 ? give_call(ctx, -1) : give(ctx, ready < 0 ? INT_MAX : ready);
}

// readFile(path, most): the content as a new Uint8Array; -EFBIG when there are more than `most` bytes.
// SAFETY: the descriptor is closed on every way out; the buffer is handed over to the array or freed. O_NONBLOCK keeps
// a FIFO under this name from blocking the process. The size is only a hint: files under /proc say 0.
NATIVE(readFile)
{
    char path[PATH_MAX];
    int64_t most;
    int bad;
    if ((bad = arg_path(ctx, argv[0], path)) || (bad = arg_i64(ctx, argv[1], &most))) return give(ctx, bad);
    if (most < 0) return give(ctx, -EINVAL);
    long fd = RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (fd < 0) return give_call(ctx, fd);
    struct stat info;
    size_t room = 4096, used = 0;
    if (fstat((int)fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 && info.st_size <= most)
        room = (size_t)info.st_size + 1;
    uint8_t *data = malloc(room);
    long got = data ? 1 : (errno = ENOMEM, -1);
    while (got > 0) {
        if (used == room) {
            uint8_t *larger = room > SIZE_MAX / 2 ? NULL : realloc(data, room * 2);
            if (!larger) {
                errno = ENOMEM;
                got = -1;
                break;
            }
            data = larger;
            room *= 2;
        }
        got = RETRY(read((int)fd, data + used, room - used));
        if (got > 0) used += (size_t)got;
        if (used > (uint64_t)most) {
            errno = EFBIG;
            got = -1;
        }
    }
    int failure = got < 0 ? errno : 0;
    close((int)fd);
    if (failure) {
        free(data);
        return give(ctx, -failure);
    }
    uint8_t *fitting = room - used > 64 ? realloc(data, used ? used : 1) : NULL;
    return give_owned_bytes(ctx, fitting ? fitting : data, used);
}

static JSValue give_stat(JSContext *ctx, const struct stat *info)
{
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object)) return object;
    put_number(ctx, object, "type", (info->st_mode & S_IFMT) >> 12);
    put_number(ctx, object, "mode", info->st_mode & 07777);
    put_number(ctx, object, "size", info->st_size);
    put_number(ctx, object, "uid", info->st_uid);
    put_number(ctx, object, "gid", info->st_gid);
    put_number(ctx, object, "nlink", (int64_t)info->st_nlink);
    put(ctx, object, "inode", JS_NewBigUint64(ctx, info->st_ino));
    put_number(ctx, object, "deviceMajor", major(info->st_dev));
    put_number(ctx, object, "deviceMinor", minor(info->st_dev));
    put_number(ctx, object, "representsMajor", major(info->st_rdev));
    put_number(ctx, object, "representsMinor", minor(info->st_rdev));
    put(ctx, object, "modifiedMs", JS_NewFloat64(ctx, (double)info->st_mtim.tv_sec * 1e3 + (double)info->st_mtim.tv_nsec / 1e6));
    return object;
}

// stat(path), lstat(path), fstat(fd): a record. SAFETY: the kernel fills one struct on the stack.
NATIVE(stat)
{
    char path[PATH_MAX];
    struct stat info;
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    return stat(path, &info) < 0 ? give_call(ctx, -1) : give_stat(ctx, &info);
}

NATIVE(lstat)
{
    char path[PATH_MAX];
    struct stat info;
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    return lstat(path, &info) < 0 ? give_call(ctx, -1) : give_stat(ctx, &info);
}

NATIVE(fstat)
{
    struct stat info;
    int fd, bad = arg_int(ctx, argv[0], &fd);
    if (bad) return give(ctx, bad);
    return fstat(fd, &info) < 0 ? give_call(ctx, -1) : give_stat(ctx, &info);
}

// exists(path): 1 or 0. SAFETY: nothing but a copied path.
NATIVE(exists)
{
    char path[PATH_MAX];
    int bad = arg_path(ctx, argv[0], path);
    return give(ctx, bad == THREW ? THREW : !bad && access(path, F_OK) == 0);
}

// statFs(path): a record. SAFETY: as stat.
NATIVE(statFs)
{
    char path[PATH_MAX];
    struct statfs info;
    int bad = arg_path(ctx, argv[0], path);
    if (bad) return give(ctx, bad);
    if (RETRY(statfs(path, &info)) < 0) return give_call(ctx, -1);
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object)) return object;
    put_number(ctx, object, "type", (uint32_t)info.f_type);
    put_number(ctx, object, "blockSize", info.f_bsize);
    put(ctx, object, "blocks", JS_NewBigUint64(ctx, info.f_blocks));
    put(ctx, object, "freeBlocks", JS_NewBigUint64(ctx, info.f_bfree));
    put(ctx, object, "availableBlocks", JS_NewBigUint64(ctx, info.f_bavail));
    put(ctx, object, "files", JS_NewBigUint64(ctx, info.f_files));
    put(ctx, object, "freeFiles", JS_NewBigUint64(ctx, info.f_ffree));
    return object;
}

// truncate(fd, size), fsync(fd), fchmod(fd, mode), fchown(fd, uid, gid). SAFETY: no memory; fsync waits for the disk.
NATIVE(truncate)
{
    int fd, bad;
    int64_t size;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_i64(ctx, argv[1], &size))) return give(ctx, bad);
    return give_call(ctx, RETRY(ftruncate(fd, size)));
}

NATIVE(fsync)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    return bad ? give(ctx, bad) : give_call(ctx, RETRY(fsync(fd)));
}

NATIVE(fchmod)
{
    int fd, mode, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &mode))) return give(ctx, bad);
    return give_call(ctx, fchmod(fd, (mode_t)mode));
}

NATIVE(fchown)
{
    int fd, uid, gid, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &uid)) || (bad = arg_int(ctx, argv[2], &gid)))
        return give(ctx, bad);
    return give_call(ctx, fchown(fd, (uid_t)uid, (gid_t)gid));
}

// lock(fd, exclusive, block). SAFETY: no memory; waits for the holder when `block` is not 0.
NATIVE(lock)
{
    int fd, exclusive, block, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &exclusive)) ||
        (bad = arg_int(ctx, argv[2], &block)))
        return give(ctx, bad);
    return give_call(ctx, RETRY(flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | (block ? 0 : LOCK_NB))));
}
