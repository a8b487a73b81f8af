/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"

/* The guest's memory has to be shared with virtiofsd for this; tuning.h has shared_memory. */
static void add_share(xmlNode *devices, const VvVmShare *share)
{
    xmlNode *node = vv_xml_add(devices, "filesystem");

    vv_xml_set(node, "type", "mount");
    vv_xml_set(node, "accessmode", "passthrough");
    vv_xml_set(vv_xml_add(node, "driver"), "type", "virtiofs");
    vv_xml_set(vv_xml_add(node, "source"), "dir", share->path);
    vv_xml_set(vv_xml_add(node, "target"), "dir", share->tag ? share->tag : share->name);
    if (share->readonly)
        vv_xml_add(node, "readonly");
}

static void add_shmem(xmlNode *devices, const VvVmShmem *shmem)
{
    xmlNode *node = vv_xml_add(devices, "shmem");

    vv_xml_set(node, "name", shmem->name);
    vv_xml_set(vv_xml_add(node, "model"), "type", "ivshmem-plain");
    vv_xml_set(vv_xml_add_number(node, "size", shmem->size_kib / 1024), "unit", "M");
}

/* Windows 11 does not install without one. CRB is the interface of TPM 2.0 (TCG PC Client Platform TPM
 * Profile), TIS the one that 1.2 has. */
static void add_tpm(xmlNode *devices, const VvVm *vm)
{
    const char *version = vm->tpm;
    xmlNode *tpm, *backend;

    if (!version)
        version = vm->os == VV_OS_WINDOWS && vm->os_version == 11 ? "2.0" : "none";
    if (g_str_equal(version, "none"))
        return;
    tpm = vv_xml_add(devices, "tpm");
    vv_xml_set(tpm, "model", g_str_equal(version, "2.0") ? "tpm-crb" : "tpm-tis");
    backend = vv_xml_add(tpm, "backend");
    vv_xml_set(backend, "type", "emulator");
    vv_xml_set(backend, "version", version);
}

/* With caching mode the guest tells of each mapping it makes: without it VFIO could not follow. */
static void add_iommu(xmlNode *devices, const char *model)
{
    xmlNode *iommu, *driver;

    if (!model || g_str_equal(model, "none"))
        return;
    iommu = vv_xml_add(devices, "iommu");
    vv_xml_set(iommu, "model", model);
    if (!g_str_equal(model, "intel"))
        return;
    driver = vv_xml_add(iommu, "driver");
    vv_xml_set(driver, "intremap", "on");
    vv_xml_set(driver, "caching_mode", "on");
}

void vv_domxml_add_extras(xmlNode *devices, const VvVm *vm)
{
    for (guint i = 0; i < vm->shares->len; i++)
        add_share(devices, vm->shares->pdata[i]);
    for (guint i = 0; i < vm->shmems->len; i++)
        add_shmem(devices, vm->shmems->pdata[i]);
    add_tpm(devices, vm);
    add_iommu(devices, vm->viommu);
}
