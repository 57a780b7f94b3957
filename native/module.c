// The table of calls that TypeScript imports as "kata:native" (typings: src/sys/linux/native.d.ts).
#include "bridge.h"

// name, number of arguments
#define CALLS(X)                                                                                                       \
    X(open, 3) X(openBeneath, 4) X(close, 1) X(read, 4) X(write, 4) X(writeMany, 3) X(pread, 3) X(pwrite, 3)           \
    X(splice, 3) X(readable, 1) X(readFile, 2) X(stat, 1) X(exists, 1) X(lstat, 1) X(fstat, 1) X(statFs, 1) X(truncate, 2) \
    X(fsync, 1) X(fchmod, 2) X(fchown, 3) X(lock, 3)                                                                   \
    X(readDir, 1) X(readDirAt, 1) X(mkdir, 2) X(rmdir, 1) X(unlink, 1) X(removeTree, 1) X(rename, 2) X(symlink, 2)     \
    X(link, 2) X(readLink, 1) X(realPath, 1) X(chmod, 2) X(chown, 3) X(mkfifo, 2) X(mknod, 5) X(mkdirAt, 3)            \
    X(unlinkAt, 3) X(renameAt, 4) X(symlinkAt, 3)                                                                      \
    X(mount, 5) X(unmount, 3) X(chroot, 1) X(chdir, 1) X(cwd, 0) X(enterNamespace, 2) X(unshare, 1)                    \
    X(spawn, 1) X(kill, 2) X(reap, 0) X(pid, 0) X(parentPid, 0) X(uid, 0) X(becomeSubreaper, 0) X(setDeathSignal, 1)   \
    X(scheduleApart, 0)                                                                                                \
    X(newSession, 0) X(umask, 1) X(setRlimit, 3) X(environment, 0) X(argv, 0) X(exit, 1)                               \
    X(listen, 6) X(connect, 4) X(connectError, 1) X(accept, 1) X(socketPair, 0) X(pipe, 1) X(setPipeSize, 2)           \
    X(setNonBlocking, 2) X(duplicate, 1) X(sendDescriptors, 3) X(receiveDescriptors, 2) X(shutdown, 2) X(peer, 1)      \
    X(netlink, 2) X(openTap, 2)                                                                                        \
    X(isTerminal, 1) X(windowSize, 1) X(setWindowSize, 3) X(makeRaw, 1) X(restoreTerminal, 2) X(openPty, 0)            \
    X(nowMs, 0) X(wallMs, 0) X(setWallClock, 2) X(random, 1) X(addEntropy, 1) X(uname, 0) X(setHostname, 1)            \
    X(loadModule, 2) X(reboot, 1) X(sync, 0) X(inotify, 0) X(inotifyAdd, 3) X(cpuCount, 0) X(pageSize, 0)              \
    X(probeKvm, 1) X(errorName, 1) X(errorText, 1)                                                                     \
    X(pollCreate, 0) X(pollAdd, 4) X(pollModify, 4) X(pollRemove, 2) X(pollWait, 3) X(signalFd, 1)                     \
    X(releaseSignals, 1) X(readSignal, 1)                                                                              \
    X(utf8Encode, 1) X(utf8Decode, 2) X(utf8EncodeAt, 3) X(utf8DecodeAt, 3) X(sha256Start, 0) X(sha256Add, 2) X(sha256Finish, 1)                             \
    X(runJobs, 0) X(takeFaults, 0) X(onFatal, 1) X(lineMap, 1) X(collect, 0) X(inRealm, 2)

#ifdef KATA_NATIVE_TESTING
#define TEST_CALLS(X) X(detach, 1)
#else
#define TEST_CALLS(X)
#endif

#define DECLARE(name, count) NATIVE(name);
CALLS(DECLARE)
TEST_CALLS(DECLARE)

#define ENTRY(name, count) JS_CFUNC_DEF(#name, count, native_##name),
static const JSCFunctionListEntry table[] = {CALLS(ENTRY) TEST_CALLS(ENTRY)};
enum { table_size = sizeof table / sizeof *table };

static int fill(JSContext *ctx, JSModuleDef *module)
{
    return JS_SetModuleExportList(ctx, module, table, table_size);
}

JSModuleDef *bridge_module(JSContext *ctx, const char *name)
{
    JSModuleDef *module = JS_NewCModule(ctx, name, fill);
    if (module) JS_AddModuleExportList(ctx, module, table, table_size);
    return module;
}
