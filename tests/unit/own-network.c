/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "own-network.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

gboolean own_network_make(void)
{
    g_autofree char *map = g_strdup_printf("0 %u 1", getuid());

    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && put("/proc/self/uid_map", map) &&
           system("exec 2>/dev/null; ip link set lo up && ip link add v0 type veth peer name v1 && "
                  "ip link set v0 up && ip link set v1 up && ip addr add 10.9.0.1/24 dev v0 && "
                  "ip -6 addr add 2001:db8::1/64 dev v0 nodad && ip route add default via 10.9.0.2 dev v0 && "
                  "ip route add unreachable default metric 9999 && "
                  "ip route add default table 100 nexthop via 10.9.0.3 dev v0 nexthop via 10.9.0.4 dev v0 && "
                  "ip route add 10.8.0.0/24 via 10.9.0.2 && ip -6 route add 2000::/3 via 2001:db8::2 && "
                  "ip route add default dev lo table 200 && "
                  "ip link add mv link v0 type macvlan && ip link set mv up") == 0;
}

VvUsage *own_network_usage(void)
{
    VvUsage *usage = g_new0(VvUsage, 1);

    usage->sysfs = vv_sysfs_new(NULL, NULL);
    usage->folders =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return usage;
}

void own_network_usage_free(VvUsage *usage)
{
    vv_sysfs_free((VvSysfs *)usage->sysfs);
    vv_usage_free(usage);
}

pid_t own_network_start_container(const char *node)
{
    int ready_pipe[2];
    char bytes[2] = "";

    if (pipe(ready_pipe) != 0)
        return -1;
    pid_t pid = fork();
    if (!pid) {
        int held = -1;
        if (unshare(CLONE_NEWNET) != 0 || (held = open(node, O_RDONLY)) < 0)
            _exit(1);
        pid_t second = fork();
        if (second == 0)
            close(held);
        if (second < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || write(ready_pipe[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready_pipe[1]);
    gboolean done = pid > 0 && read(ready_pipe[0], bytes, sizeof bytes) > 0 &&
                    (bytes[1] || read(ready_pipe[0], bytes + 1, 1) == 1);
    close(ready_pipe[0]);
    if (pid > 0 && !done)
        waitpid(pid, NULL, 0);
    return done ? pid : -1;
}

void own_network_stop_container(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
