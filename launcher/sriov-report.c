/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/sriov-report.h"

#include "launcher/present.h"
#include "launcher/sriov.h"

#include <string.h>

const VvNvmeSecondary *vv_pf_report_controller(const VvPfReport *report, guint vf)
{
    for (guint i = 0; report->controllers && i < report->controllers->len; i++)
        if (g_array_index(report->controllers, VvNvmeSecondary, i).vf == vf)
            return &g_array_index(report->controllers, VvNvmeSecondary, i);
    return NULL;
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

/* Columns in which no VF has anything are left out: with all of them a line is wider than most terminals. */
static gboolean is_told(const VvPfReport *report, const char *column)
{
    gboolean vlan = strcmp(column, "VLAN") == 0, rates = strcmp(column, "RATE") == 0,
             link = strcmp(column, "LINK") == 0, told = !(vlan || rates || link);

    for (guint i = 0; !told && i < report->infos->len; i++) {
        const VvVfSettings *s = &g_array_index(report->infos, VvVfInfo, i).settings;
        told = (vlan && s->vlan) || (rates && (s->max_rate || s->min_rate)) ||
               (link && (!(s->fields & VV_VF_LINK) || s->link != VV_VF_LINK_AUTO));
    }
    return told;
}

static void add_nic_cells(const VvPfReport *report, struct libscols_line *line, gsize at,
                          const VvVfInfo *info)
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
        if (is_told(report, nic_columns[i]))
            scols_line_set_data(line, at++, cells[i]);
}

static void add_controller_cell(struct libscols_line *line, gsize at, const VvNvmeSecondary *controller)
{
    g_autofree char *namespaces = vv_namespaces_text(controller->namespaces);
    char queues[40], interrupts[40];
    g_autofree char *text = g_strdup_printf(
        "%u %s, %s, %s%s%s", controller->id, controller->online ? "online" : "offline",
        vv_count(controller->queues, "queue", queues),
        vv_count(controller->interrupts, "interrupt", interrupts), *namespaces ? ", " : "", namespaces);

    scols_line_set_data(line, at, text);
}

static const char *const columns[] = {"  VF", "ADDRESS", "GROUP", "DRIVER", "FOR"};

static struct libscols_table *new_table(const VvPfReport *report)
{
    struct libscols_table *table = vv_new_table(stdout);

    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
        scols_table_new_column(table, columns[i], 0, i == 0 || i == 2 ? SCOLS_FL_RIGHT : 0);
    for (gsize i = 0; report->infos && i < G_N_ELEMENTS(nic_columns); i++)
        if (is_told(report, nic_columns[i]))
            scols_table_new_column(table, nic_columns[i], 0, i >= 6 ? SCOLS_FL_RIGHT : 0);
    if (report->controllers)
        scols_table_new_column(table, "CONTROLLER", 0, 0);
    return table;
}

static void add_row(struct libscols_table *table, const VvPfReport *report, const VvVf *vf)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    const VvVfInfo *info = report->infos ? vv_vf_info_find(report->infos, vf->index) : NULL;
    const VvNvmeSecondary *controller = vv_pf_report_controller(report, vf->index);
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
        add_nic_cells(report, line, G_N_ELEMENTS(columns), info);
    if (controller)
        add_controller_cell(line, G_N_ELEMENTS(columns), controller);
}

void vv_pf_report_print(VvContext *context, const VvPfReport *report)
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
