/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* Polls, because flock(2) has no time-out and SIGALRM belongs to the program. */
int vv_lock_file(const char *path, gint64 deadline)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK && g_get_monotonic_time() < deadline) {
            g_usleep(2000);
            continue;
        }
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}
