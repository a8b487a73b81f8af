/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/messages.h"

/* Messages as they were seen. Those without a source are from the lab (libvirt 9.0, QEMU 7.2, Linux 6.1
 * and 6.12). */
static const struct {
    const char *code, *message;
} cases[] = {{"none", "nothing"}};

int main(void)
{
    (void)cases;
    return 0;
}
