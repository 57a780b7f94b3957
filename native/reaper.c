// PID 1 of a pid namespace that the containers of a pod share. It is this binary under another name, before any engine
// starts: it holds the namespace while containers come and go, and lets the kernel reap what they leave.
#include "bridge.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "reaper.h"

enum { nobody = 65534, failed = 1 };

// Containers can look at PID 1 through /proc. An empty root in the mount namespace of its own leaves nothing to be found.
static int enter_empty_root(const char *place)
{
    if (mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=4k,nr_inodes=2,mode=0") < 0)
        return -1;
    // pivot_root(2) does not work on an initramfs, which is what the guest's root mostly is.
    if (chdir(place) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0) return -1;
    return chdir("/");
}

int reap_for_pod(int argc, char **argv)
{
    if (argc != 2 || getpid() != 1) return failed;
    // Ignored, it makes the kernel reap children that end (sigaction(2)): no loop, and no wakeup for each.
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR || enter_empty_root(argv[1]) < 0) return failed;
    if (setresgid(nobody, nobody, nobody) < 0 || setresuid(nobody, nobody, nobody) < 0) return failed;
    // What `ps` in the containers shows.
    if (prctl(PR_SET_NAME, REAPER_NAME, 0, 0, 0) < 0) return failed;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed;
    if (write(STDOUT_FILENO, "r", 1) != 1) return failed;
    for (int fd = 0; fd <= 2; fd++) close(fd);
    for (;;) pause();
}
