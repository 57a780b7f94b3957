#!/bin/busybox sh
# The first process of the machine: starts three shims as containerd would, two of them to be scheduled apart, and prints
# the cookie of every thread. VMM and share-fs daemon are stand-ins that only wait.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mknod /dev/null c 1 3
mknod /dev/urandom c 1 9
echo "SMT $(cat /sys/devices/system/cpu/smt/active)"

run() { # namespace
  kata-ctl --root /tmp/kata --config /configuration.toml --namespace "$1" run --rootfs /rootfs /program >"/tmp/$1" 2>&1 &
}
SCHED_CORE=1 run apart-1
SCHED_CORE=1 run apart-2
SCHED_CORE= run empty
run absent

tries=0
while [ "$(pidof stand-in | wc -w)" -lt 8 ] && [ "$tries" -lt 600 ]; do
  usleep 100000
  tries=$((tries + 1))
done
cookies
tail -n 5 /tmp/apart-1 /tmp/apart-2 /tmp/empty /tmp/absent
reboot -f
