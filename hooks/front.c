/* SPDX-License-Identifier: GPL-2.0-or-later */

/* virt-vfio-hook: libvirt calls it at every step of every domain, one after the other and with the domain
 * locked. So it is plain C without a library, and is gone again in less than it takes to load one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As domains/xml.h: more is no domain. */
#define XML_MAX (8 * 1024 * 1024)
#define CONFIG_MAX (64 * 1024)
/* As domains/domxml.h. */
#define METADATA_URI "urn:virt-vfio:domain:1"

/* 'virt-vfio hook status' looks for it in the file. */
static const char version[] = "virt-vfio-hook version " VV_VERSION;

/* Reads up to `max` bytes, with a NUL behind them; NULL: it failed, or there are more. */
static char *read_all(int fd, size_t max, size_t *ret_length)
{
    size_t room = 64 * 1024 < max ? 64 * 1024 : max, length = 0;
    char *data = malloc(room + 1);

    while (data) {
        ssize_t count = read(fd, data + length, room - length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            data[length] = '\0';
            *ret_length = length;
            return count == 0 ? data : NULL;
        }
        length += (size_t)count;
        if (length < room)
            continue;
        room *= 2;
        data = room <= 2 * max ? realloc(data, room + 1) : NULL;
    }
    return NULL;
}

/* Does the configuration say "domains = all"? Whether all of it makes sense is the other program's question.
 */
static int takes_all(void)
{
    int fd = open(VV_SYSCONFDIR "/virt-vfio/virt-vfio.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t length = 0;
    char *text = fd >= 0 ? read_all(fd, CONFIG_MAX, &length) : NULL;
    int all = 0;

    for (char *line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n")) {
        char value[8];
        if (sscanf(line, " domains = %7s", value) == 1)
            all = strcmp(value, "all") == 0;
    }
    if (fd >= 0)
        close(fd);
    free(text);
    return all;
}

static int is_ours(const char *xml, size_t length)
{
    return memmem(xml, length, METADATA_URI, strlen(METADATA_URI)) ||
           (memmem(xml, length, "<hostdev", 8) && takes_all());
}

/* Is there anybody to tell that a guest has started? */
static int tells_start(const char *operation)
{
    return strcmp(operation, "started") == 0 &&
           (access(VV_SYSCONFDIR "/virt-vfio/hooks.d/post-start", F_OK) == 0 ||
            access(VV_SYSCONFDIR "/virt-vfio/hooks.d/domains", F_OK) == 0);
}

/* A VF as an interface, as libvirt writes it; its PF has to be asked when libvirt is done with it. */
static int has_vf(const char *xml, size_t length)
{
    static const char vf[] = "<interface type='hostdev'";

    return memmem(xml, length, vf, strlen(vf)) != NULL;
}

/* Puts the XML on standard input again. Not a pipe: nobody would be there to write to it. */
static int give_input(const char *xml, size_t length)
{
    int fd = memfd_create("domain.xml", MFD_CLOEXEC);
    size_t written = 0;

    while (fd >= 0 && written < length) {
        ssize_t count = write(fd, xml + written, length - written);
        if (count <= 0)
            return -1;
        written += (size_t)count;
    }
    return fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    static const char program[] = VV_LIBEXECDIR "/virt-vfio-hook-run";
    int prepares = argc > 2 && strcmp(argv[2], "prepare") == 0;
    int starts = argc > 2 && strcmp(argv[2], "start") == 0;
    size_t length = 0;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts(version) < 0;
    if (argc < 3) {
        fputs("virt-vfio-hook: libvirt calls this, with DOMAIN OPERATION SUB-OPERATION EXTRA and the "
              "domain's XML on "
              "standard input; 'virt-vfio hook install' puts it where libvirt looks\n",
              stderr);
        return 2;
    }
    if (!prepares && !starts && strcmp(argv[2], "release") != 0 && !tells_start(argv[2]))
        return 0;

    char *xml = read_all(STDIN_FILENO, XML_MAX, &length);
    if (xml && (!is_ours(xml, length) || (starts && !has_vf(xml, length)))) {
        free(xml);
        return 0;
    }
    if (xml && give_input(xml, length) == 0)
        execv(program, argv);
    fprintf(stderr, "virt-vfio-hook: %s: %s\n", xml ? program : "the domain's XML cannot be read",
            xml ? strerror(errno) : "it is larger than 8 MiB, or reading it failed");
    return prepares || starts;
}
