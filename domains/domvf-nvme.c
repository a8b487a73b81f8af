/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domvf-nvme.h"

#include "vfio/nvme-virt.h"
#include "vfio/sriov.h"
#include "vfio/usage.h"

#include <string.h>

/* An admin command, and the usage of a disk, take milliseconds where nothing hangs. */
#define ASK_MS 10000

typedef struct {
    VvPlan *plan;
    VvHost *host;
    const char *const *allow;
    VvAddress vf;
    VvDevice *drive;
    guint index;
} Case;

/* Both as in VvNvmeSecondary; NULL: not known, so none. */
static char *common_of(const char *a, const char *b)
{
    g_auto(GStrv) ours = g_strsplit(a ? a : "", ",", -1), others = g_strsplit(b ? b : "", ",", -1);

    for (char **nsid = ours; *nsid; nsid++)
        if (g_strv_contains((const char *const *)others, *nsid))
            return g_strdup(*nsid);
    return NULL;
}

/* A namespace in a guest already: another one must not write there unless both know how to share. */
static void check_vf(const Case *c, const VvVf *vf, const char *ours, const char *theirs)
{
    g_autofree char *nsid = vf->index != c->index && vf->in_use ? common_of(ours, theirs) : NULL;
    g_autofree char *remedy = g_strdup_printf(
        "give it another namespace: virt-vfio sriov vf %s %u --namespaces N", c->drive->text, c->index);

    if (nsid)
        vv_plan_append_reason(c->plan,
                              vv_reason_new("disk-open", VV_SEVERITY_BLOCK, c->vf, TRUE, remedy,
                                            "it shows namespace %s, which VF %u, taken for %s, shows too",
                                            nsid, vf->index, vf->owner),
                              c->allow);
}

/* "nvme0n1" of nvme0c1n1, where the drive is one path of several to its disk (drivers/nvme/host/multipath.c,
 * nvme_mpath_set_disk_name). New string. */
static char *disk_name(const char *entry)
{
    const char *path = strchr(entry, 'c'), *number = strrchr(entry, 'n');

    return path && number > path ? g_strdup_printf("%.*s%s", (int)(path - entry), entry, number)
                                 : g_strdup(entry);
}

/* Is the whole name in the text, or with a partition of it, nvme0n1p2? */
static gboolean names_disk(const char *text, const char *disk)
{
    gsize length = strlen(disk);

    for (const char *at = strstr(text, disk); at; at = strstr(at + length, disk))
        if (!g_ascii_isdigit(at[length]))
            return TRUE;
    return FALSE;
}

/* What the host does with a disk of the drive that is one of the namespaces. */
static void check_disk(const Case *c, const GPtrArray *uses, const char *disk, const char *nsid)
{
    for (guint i = 0; i < uses->len; i++) {
        const VvReason *use = uses->pdata[i];

        if (!g_str_has_prefix(use->code, "disk-") || !names_disk(use->detail, disk))
            continue;
        vv_plan_append_reason(c->plan,
                              vv_reason_new(use->code, use->severity, c->vf, use->can_allow, use->remedy,
                                            "it shows namespace %s, which is %s of this host: %s", nsid, disk,
                                            use->detail),
                              c->allow);
    }
}

static void check_host(const Case *c, const char *ours)
{
    const VvSysfs *sysfs = vv_host_sysfs(c->host);
    g_autofree char *folder = g_strdup_printf("sys/bus/pci/devices/%s/nvme", c->drive->text);
    g_autoptr(GPtrArray) controllers = vv_sysfs_list(sysfs, folder);
    const char *controller = controllers && controllers->len ? controllers->pdata[0] : NULL;
    g_autofree char *place = controller ? g_strdup_printf("%s/%s", folder, controller) : NULL;
    g_autoptr(GPtrArray) entries = place ? vv_sysfs_list(sysfs, place) : NULL;
    g_autoptr(GPtrArray) uses = NULL;

    for (guint i = 0; entries && i < entries->len; i++) {
        const char *entry = entries->pdata[i];
        g_autofree char *path = g_strdup_printf("%s/%s/nsid", place, entry);
        g_autofree char *text = g_str_has_prefix(entry, "nvme") ? vv_sysfs_read(sysfs, path) : NULL;
        g_autofree char *nsid = text ? common_of(ours, g_strstrip(text)) : NULL;
        g_autofree char *disk = disk_name(entry);
        if (nsid && !uses) {
            g_autoptr(VvUsage) usage = vv_usage_new(c->host);
            g_autoptr(GPtrArray) drives = g_ptr_array_new();
            uses = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
            g_ptr_array_add(drives, c->drive);
            vv_usage_set_leaving(usage, drives);
            vv_usage_collect(usage, drives, ASK_MS, uses);
        }
        if (nsid)
            check_disk(c, uses, disk, nsid);
    }
}

static const char *namespaces_of(const GArray *secondaries, guint vf)
{
    for (guint i = 0; i < secondaries->len; i++)
        if (g_array_index(secondaries, VvNvmeSecondary, i).vf == vf)
            return g_array_index(secondaries, VvNvmeSecondary, i).namespaces;
    return NULL;
}

void vv_domain_check_namespaces(VvPlan *plan, VvHost *host, VvAddress vf, const char *const *allow)
{
    Case c = {.plan = plan, .host = host, .allow = allow, .vf = vf};
    VvAddress parent;

    c.drive = vv_vf_parent(vv_host_sysfs(host), vf, &parent, &c.index) ? vv_host_find(host, parent) : NULL;
    if (!c.drive || c.drive->kind != VV_KIND_NVME)
        return;
    g_autoptr(GArray) secondaries = vv_nvme_secondaries(vv_host_sysfs(host), parent, ASK_MS, NULL);
    const char *ours = secondaries ? namespaces_of(secondaries, c.index) : NULL;
    g_autoptr(VvPf) pf = ours && *ours ? vv_pf_read(host, c.drive, NULL, NULL, NULL) : NULL;
    for (guint i = 0; pf && i < pf->vfs->len; i++) {
        const VvVf *other = pf->vfs->pdata[i];
        check_vf(&c, other, ours, namespaces_of(secondaries, other->index));
    }
    if (pf)
        check_host(&c, ours);
}
