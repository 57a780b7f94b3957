/*
 * Stands in for libsystemd.so.0 in the guest. Debian's crun is linked with it, but calls it only for the systemd cgroup
 * manager and for notification sockets, which a guest without systemd does not have. The real library and the five
 * that it pulls in would cost 3.4 MB of guest memory and make each start of crun slower.
 *
 * Every function fails as the real ones do where there is no systemd. Names and versions are in libsystemd.map.
 */
#include <errno.h>
#include <stddef.h>

#define FAILS(name) \
    int name(void); \
    int name(void) { return -ENOSYS; }

#define RELEASES(name) \
    void *name(void *object); \
    void *name(void *object) { (void)object; return NULL; }

FAILS(sd_bus_call)
FAILS(sd_bus_default_system)
FAILS(sd_bus_default_user)
FAILS(sd_bus_error_get_errno)
FAILS(sd_bus_match_signal_async)
FAILS(sd_bus_message_append)
FAILS(sd_bus_message_append_array)
FAILS(sd_bus_message_append_basic)
FAILS(sd_bus_message_append_strv)
FAILS(sd_bus_message_close_container)
FAILS(sd_bus_message_new_method_call)
FAILS(sd_bus_message_open_container)
FAILS(sd_bus_message_read)
FAILS(sd_bus_process)
FAILS(sd_bus_wait)
FAILS(sd_journal_send_with_location)
FAILS(sd_notify)
FAILS(sd_notify_barrier)

RELEASES(sd_bus_error_free)
RELEASES(sd_bus_message_unref)
RELEASES(sd_bus_unref)
