/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/sriov-report.h"

#include "launcher/json.h"
#include "launcher/sriov.h"

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

static json_object *json_vf(const VvPfReport *report, const VvVf *vf)
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
    json_object_object_add(object, "controller", json_controller(vv_pf_report_controller(report, vf->index)));
    return object;
}

json_object *vv_pf_report_json(VvContext *context, const VvPfReport *report)
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
