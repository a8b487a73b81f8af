/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/sriov.h"
#include "vfio/error.h"
#include "vfio/nvme-virt.h"

#include <string.h>
#include <unistd.h>

/* A PF with what its driver or its drive tells. */
typedef struct {
    const VvPf *pf;
    GArray *infos;       /* VvVfInfo; NULL: none to tell */
    GArray *controllers; /* VvNvmeSecondary; NULL: none to tell */
} Report;

static void complain(GError *error)
{
    if (error)
        fprintf(stderr, "virt-vfio: %s\n", error->message);
    g_clear_error(&error);
}

/* What cannot be asked leaves a gap, and the reason on standard error. */
static Report collect(VvContext *context, const VvPf *pf)
{
    Report report = {.pf = pf};
    GError *error = NULL;

    report.infos = vv_context_vf_infos(context, pf, &error);
    complain(g_steal_pointer(&error));
    if (pf->device->kind == VV_KIND_NVME && pf->enabled && pf->device->driver && geteuid() == 0 &&
        vv_sysfs_is_live(context->sysfs))
        report.controllers =
            vv_nvme_secondaries(context->sysfs, pf->device->address, VV_SRIOV_ASK_MS, &error);
    complain(error);
    return report;
}

static void report_clear(Report *report)
{
    g_clear_pointer(&report->infos, g_array_unref);
    g_clear_pointer(&report->controllers, g_array_unref);
}

static const VvNvmeSecondary *find_controller(const Report *report, guint vf)
{
    for (guint i = 0; report->controllers && i < report->controllers->len; i++)
        if (g_array_index(report->controllers, VvNvmeSecondary, i).vf == vf)
            return &g_array_index(report->controllers, VvNvmeSecondary, i);
    return NULL;
}

static json_object *json_statistics(const VvVfStatistics *s)
{
    const struct {
        const char *key;
        guint64 value;
    } counters[] = {{"rx_packets", s->rx_packets}, {"tx_packets", s->tx_packets}, {"rx_bytes", s->rx_bytes},
                    {"tx_bytes", s->tx_bytes},     {"multicast", s->multicast},   {"broadcast", s->broadcast},
                    {"rx_dropped", s->rx_dropped}, {"tx_dropped", s->tx_dropped}};
    json_object *object = json_object_new_object();

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        json_object_object_add(object, counters[i].key, json_object_new_uint64(counters[i].value));
    return object;
}

static json_object *json_controller(const VvNvmeSecondary *controller)
{
    if (!controller)
        return NULL;
    json_object *object = json_object_new_object();
    json_object_object_add(object, "id", json_object_new_int(controller->id));
    json_object_object_add(object, "online", json_object_new_boolean(controller->online));
    json_object_object_add(object, "queues", json_object_new_int64(controller->queues));
    json_object_object_add(object, "interrupts", json_object_new_int64(controller->interrupts));
    json_object_object_add(object, "namespaces", vv_json_namespaces(controller->namespaces));
    return object;
}

static json_object *json_group(const VvDevice *device)
{
    return device && device->group >= 0 ? json_object_new_int(device->group) : NULL;
}

static json_object *json_vf(const Report *report, const VvVf *vf)
{
    static const VvVfSettings unknown;
    const VvVfInfo *info = report->infos ? vv_vf_info_find(report->infos, vf->index) : NULL;
    json_object *object = json_object_new_object();

    json_object_object_add(object, "index", json_object_new_int64(vf->index));
    json_object_object_add(object, "address", vv_json_address(vf->address));
    json_object_object_add(object, "group", json_group(vf->device));
    json_object_object_add(object, "driver", vv_json_text(vf->device ? vf->device->driver : NULL));
    json_object_object_add(object, "interface", vv_json_text(vf->interface));
    json_object_object_add(object, "claimed_by", vv_json_text(vf->owner));
    vv_json_vf_settings(object, info ? &info->settings : &unknown);
    json_object_object_add(object, "statistics",
                           info && info->has_statistics ? json_statistics(&info->statistics) : NULL);
    json_object_object_add(object, "controller", json_controller(find_controller(report, vf->index)));
    return object;
}

static json_object *json_pf(VvContext *context, const Report *report)
{
    const VvPf *pf = report->pf;
    json_object *object = json_object_new_object(), *vfs = json_object_new_array();

    json_object_object_add(object, "address", vv_json_text(pf->device->text));
    json_object_object_add(object, "kind", vv_json_text(vv_kind_name(pf->device->kind)));
    json_object_object_add(object, "name", vv_json_text(vv_host_device_name(context->host, pf->device)));
    json_object_object_add(object, "driver", vv_json_text(pf->device->driver));
    json_object_object_add(object, "interface", vv_json_text(pf->interface));
    json_object_object_add(object, "group", json_group(pf->device));
    json_object_object_add(object, "total", json_object_new_int64(pf->total));
    json_object_object_add(object, "enabled", json_object_new_int64(pf->enabled));
    json_object_object_add(object, "autoprobe",
                           pf->autoprobe < 0 ? NULL : json_object_new_boolean(pf->autoprobe));
    json_object_object_add(object, "offset", json_object_new_int64(pf->offset));
    json_object_object_add(object, "stride", json_object_new_int64(pf->stride));
    for (guint i = 0; i < pf->vfs->len; i++)
        json_object_array_add(vfs, json_vf(report, pf->vfs->pdata[i]));
    json_object_object_add(object, "vfs", vfs);
    return object;
}

static char *rate_text(const VvVfSettings *s)
{
    if (!(s->fields & VV_VF_RATE) || (!s->max_rate && !s->min_rate))
        return g_strdup("-");
    if (!s->min_rate)
        return g_strdup_printf("%u", s->max_rate);
    return g_strdup_printf("%u-%u", s->min_rate, s->max_rate);
}

static char *vlan_text(const VvVfSettings *s)
{
    if (!(s->fields & VV_VF_VLAN) || !s->vlan)
        return g_strdup("-");
    return s->qos ? g_strdup_printf("%u p%u", s->vlan, s->qos) : g_strdup_printf("%u", s->vlan);
}

static const char *switch_text(const VvVfSettings *s, VvVfField field, gboolean on)
{
    return !(s->fields & field) ? "?" : on ? "on" : "off";
}

static const char *const nic_columns[] = {"MAC", "VLAN", "TRUST", "SPOOFCHK", "RATE", "LINK", "RX", "TX"};

static void add_nic_cells(struct libscols_line *line, gsize at, const VvVfInfo *info)
{
    const VvVfSettings *s = &info->settings;
    const guint8 *m = s->mac;
    g_autofree char *vlan = vlan_text(s), *rate = rate_text(s);
    g_autofree char *mac =
        g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    g_autofree char *rx = info->has_statistics ? g_format_size(info->statistics.rx_bytes) : g_strdup("?");
    g_autofree char *tx = info->has_statistics ? g_format_size(info->statistics.tx_bytes) : g_strdup("?");
    const char *const cells[] = {mac,
                                 vlan,
                                 switch_text(s, VV_VF_TRUST, s->trust),
                                 switch_text(s, VV_VF_SPOOFCHK, s->spoofchk),
                                 rate,
                                 s->fields & VV_VF_LINK ? vv_vf_link_name(s->link) : "?",
                                 rx,
                                 tx};

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++)
        scols_line_set_data(line, at + i, cells[i]);
}

static void add_controller_cell(struct libscols_line *line, gsize at, const VvNvmeSecondary *controller)
{
    g_autofree char *namespaces = vv_namespaces_text(controller->namespaces);
    g_autofree char *text = g_strdup_printf("%u %s, %u queues, %u interrupts%s%s", controller->id,
                                            controller->online ? "online" : "offline", controller->queues,
                                            controller->interrupts, *namespaces ? ", " : "", namespaces);

    scols_line_set_data(line, at, text);
}

static const char *const columns[] = {"  VF", "ADDRESS", "GROUP", "DRIVER", "FOR"};

static struct libscols_table *new_table(const Report *report)
{
    struct libscols_table *table = vv_new_table(stdout);

    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
        scols_table_new_column(table, columns[i], 0, i == 0 || i == 2 ? SCOLS_FL_RIGHT : 0);
    for (gsize i = 0; report->infos && i < G_N_ELEMENTS(nic_columns); i++)
        scols_table_new_column(table, nic_columns[i], 0, i >= 6 ? SCOLS_FL_RIGHT : 0);
    if (report->controllers)
        scols_table_new_column(table, "CONTROLLER", 0, 0);
    return table;
}

static void add_row(struct libscols_table *table, const Report *report, const VvVf *vf)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    const VvVfInfo *info = report->infos ? vv_vf_info_find(report->infos, vf->index) : NULL;
    const VvNvmeSecondary *controller = find_controller(report, vf->index);
    g_autofree char *index = g_strdup_printf("%u", vf->index), *address = vv_address_dup(vf->address);
    g_autofree char *group =
        vf->device && vf->device->group >= 0 ? g_strdup_printf("%d", vf->device->group) : g_strdup("none");
    g_autofree char *who = vf->owner       ? g_strdup(vf->owner)
                           : vf->interface ? g_strdup_printf("this host (%s)", vf->interface)
                                           : g_strdup("");

    scols_line_set_data(line, 0, index);
    scols_line_set_data(line, 1, address);
    scols_line_set_data(line, 2, group);
    scols_line_set_data(line, 3, !vf->device ? "gone" : vf->device->driver ? vf->device->driver : "-");
    scols_line_set_data(line, 4, who);
    if (info)
        add_nic_cells(line, G_N_ELEMENTS(columns), info);
    if (controller)
        add_controller_cell(line, G_N_ELEMENTS(columns), controller);
}

static void print_pf(VvContext *context, const Report *report)
{
    const VvPf *pf = report->pf;

    printf("%s  %s%s%s  %u of %u virtual functions  %s\n", pf->device->text,
           pf->device->driver ? pf->device->driver : "no driver", pf->interface ? "  " : "",
           pf->interface ? pf->interface : "", pf->enabled, pf->total,
           vv_host_device_name(context->host, pf->device));
    if (!pf->vfs->len)
        return;
    struct libscols_table *table = new_table(report);
    for (guint i = 0; i < pf->vfs->len; i++)
        add_row(table, report, pf->vfs->pdata[i]);
    scols_print_table(table);
    scols_unref_table(table);
}

static GPtrArray *wanted_pfs(VvContext *context, const char *word, GError **error)
{
    if (!word) {
        VvHost *host = vv_context_host(context, error);
        g_autoptr(GPtrArray) entries = host ? vv_journal_list(vv_context_journal(context), NULL) : NULL;
        g_autoptr(GPtrArray) claims = host ? vv_collect_claims(context, NULL) : NULL;
        return host ? vv_pf_list(host, entries, claims) : NULL;
    }
    VvPf *pf = vv_context_pf(context, word, error);
    if (!pf)
        return NULL;
    GPtrArray *pfs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_pf_free);
    g_ptr_array_add(pfs, pf);
    return pfs;
}

int vv_verb_sriov_list(VvContext *context, char **words, GError **error)
{
    g_autoptr(GPtrArray) pfs = wanted_pfs(context, words[0], error);
    if (!pfs)
        return VV_ERROR_FAILED;

    json_object *array = context->json ? json_object_new_array() : NULL;
    for (guint i = 0; i < pfs->len; i++) {
        Report report = collect(context, pfs->pdata[i]);
        if (array)
            json_object_array_add(array, json_pf(context, &report));
        else
            print_pf(context, &report);
        report_clear(&report);
    }
    if (array) {
        json_object *object = json_object_new_object();
        json_object_object_add(object, "pfs", array);
        vv_json_print(object);
    } else if (!pfs->len)
        puts("No card of this host can have virtual functions (or SR-IOV is off in the firmware's setup).");
    return 0;
}
