/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver that misbehaves on demand, for QEMU's edu devices: its remove and its probe block in state D,
 * where no signal reaches, for a number of seconds or for ever, and its probe fails with any errno. Never for
 * a real machine.
 *
 * Files in /sys/bus/pci/drivers/blocking_driver/, each written as "ADDRESS NUMBER", each read as a list of
 * those: remove_seconds, probe_seconds   how long; -1: until the number is changed, which also ends a wait
 * under way probe_error                     the errno to fail with; 0: none blocked read only: "ADDRESS
 * remove" or "ADDRESS probe" for each wait under way
 *
 * Knobs go by address, not by device, because they have to outlive the device's binding and its unplugging.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/wait.h>

#define MAX_KNOBS 16
#define ADDRESS_ROOM 20

enum { REMOVE_SECONDS, PROBE_SECONDS, PROBE_ERROR, KINDS };

struct knob {
    char address[ADDRESS_ROOM];
    int value[KINDS];
    const char *blocked; /* in what; NULL: it is not */
};

static struct knob knobs[MAX_KNOBS];
static DEFINE_MUTEX(knobs_lock);
static DECLARE_WAIT_QUEUE_HEAD(knobs_changed);

/* NULL when all are in use. */
static struct knob *knob_of(const char *address)
{
    int i;

    lockdep_assert_held(&knobs_lock);
    for (i = 0; i < MAX_KNOBS; i++) {
        if (!knobs[i].address[0])
            strscpy(knobs[i].address, address, ADDRESS_ROOM);
        if (strcmp(knobs[i].address, address) == 0)
            return &knobs[i];
    }
    return NULL;
}

/* Jiffies to wait yet, from `start` on; 0: none. */
static unsigned long time_left(const struct knob *knob, int kind, unsigned long start)
{
    int seconds = READ_ONCE(knob->value[kind]);

    if (seconds < 0)
        return MAX_SCHEDULE_TIMEOUT;
    return time_before(jiffies, start + seconds * HZ) ? start + seconds * HZ - jiffies : 0;
}

/* Without the lock: who waits here must not be in the way of who ends the wait. Sleeps in one go, so that
 * whoever looks finds it in state D. */
static noinline void blocking_driver_wait(struct knob *knob, int kind, const char *what)
{
    unsigned long start = jiffies, left;

    WRITE_ONCE(knob->blocked, what);
    while ((left = time_left(knob, kind, start)) > 0) {
        int before = READ_ONCE(knob->value[kind]);

        wait_event_timeout(knobs_changed, READ_ONCE(knob->value[kind]) != before, left);
    }
    WRITE_ONCE(knob->blocked, NULL);
}

static int blocking_driver_probe(struct pci_dev *device, const struct pci_device_id *id)
{
    struct knob *knob;

    mutex_lock(&knobs_lock);
    knob = knob_of(pci_name(device));
    mutex_unlock(&knobs_lock);
    if (!knob)
        return -ENOSPC;
    pci_set_drvdata(device, knob);
    blocking_driver_wait(knob, PROBE_SECONDS, "probe");
    if (knob->value[PROBE_ERROR])
        return -knob->value[PROBE_ERROR];
    return pci_enable_device(device);
}

static void blocking_driver_remove(struct pci_dev *device)
{
    blocking_driver_wait(pci_get_drvdata(device), REMOVE_SECONDS, "remove");
    pci_disable_device(device);
}

static ssize_t show(char *page, int kind)
{
    ssize_t length = 0;
    int i;

    mutex_lock(&knobs_lock);
    for (i = 0; i < MAX_KNOBS && knobs[i].address[0]; i++) {
        const char *blocked = READ_ONCE(knobs[i].blocked);

        if (kind < KINDS)
            length += sysfs_emit_at(page, length, "%s %d\n", knobs[i].address, knobs[i].value[kind]);
        else if (blocked)
            length += sysfs_emit_at(page, length, "%s %s\n", knobs[i].address, blocked);
    }
    mutex_unlock(&knobs_lock);
    return length;
}

static ssize_t store(const char *text, size_t length, int kind)
{
    char address[ADDRESS_ROOM];
    struct knob *knob;
    int value;

    if (sscanf(text, "%19s %d", address, &value) != 2)
        return -EINVAL;
    if (value < (kind == PROBE_ERROR ? 0 : -1) || value > MAX_ERRNO)
        return -ERANGE;
    mutex_lock(&knobs_lock);
    knob = knob_of(address);
    if (knob)
        WRITE_ONCE(knob->value[kind], value);
    mutex_unlock(&knobs_lock);
    wake_up_all(&knobs_changed);
    return knob ? length : -ENOSPC;
}

#define KNOB(name, kind)                                                                                     \
    static ssize_t name##_show(struct device_driver *driver, char *page)                                     \
    {                                                                                                        \
        return show(page, kind);                                                                             \
    }                                                                                                        \
    static ssize_t name##_store(struct device_driver *driver, const char *text, size_t length)               \
    {                                                                                                        \
        return store(text, length, kind);                                                                    \
    }                                                                                                        \
    static DRIVER_ATTR_RW(name)

KNOB(remove_seconds, REMOVE_SECONDS);
KNOB(probe_seconds, PROBE_SECONDS);
KNOB(probe_error, PROBE_ERROR);

static ssize_t blocked_show(struct device_driver *driver, char *page)
{
    return show(page, KINDS);
}
static DRIVER_ATTR_RO(blocked);

static struct attribute *blocking_driver_attrs[] = {
    &driver_attr_remove_seconds.attr, &driver_attr_probe_seconds.attr, &driver_attr_probe_error.attr,
    &driver_attr_blocked.attr, NULL};
ATTRIBUTE_GROUPS(blocking_driver);

static const struct pci_device_id blocking_driver_ids[] = {{PCI_DEVICE(0x1234, 0x11e8)}, {}};

static struct pci_driver blocking_driver = {
    .name = "blocking_driver",
    .id_table = blocking_driver_ids,
    .probe = blocking_driver_probe,
    .remove = blocking_driver_remove,
    .groups = blocking_driver_groups,
};
module_pci_driver(blocking_driver);

MODULE_DESCRIPTION("Blocks in probe and remove, to test those who call them");
MODULE_LICENSE("GPL");
