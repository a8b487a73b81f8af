/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VFIO variant driver that does nothing more than vfio-pci, for QEMU's e1000e: Debian's kernels have no
 * variant at all. Its PCI driver is not called like the module, as vfio-pci's is not. With refuse=ERRNO its
 * probe fails, as that of a variant does when the firmware is too old for it. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

static int refuse;
module_param(refuse, int, 0644);
MODULE_PARM_DESC(refuse, "errno that probe fails with; 0: none");

static int lab_open_device(struct vfio_device *device)
{
    struct vfio_pci_core_device *core = container_of(device, struct vfio_pci_core_device, vdev);
    int result = vfio_pci_core_enable(core);

    if (!result)
        vfio_pci_core_finish_enable(core);
    return result;
}

static const struct vfio_device_ops lab_ops = {
    .name = "lab-vfio-pci",
    .init = vfio_pci_core_init_dev,
    .release = vfio_pci_core_release_dev,
    .open_device = lab_open_device,
    .close_device = vfio_pci_core_close_device,
    .ioctl = vfio_pci_core_ioctl,
    .device_feature = vfio_pci_core_ioctl_feature,
    .read = vfio_pci_core_read,
    .write = vfio_pci_core_write,
    .mmap = vfio_pci_core_mmap,
    .request = vfio_pci_core_request,
    .match = vfio_pci_core_match,
#if IS_ENABLED(CONFIG_IOMMUFD)
    .bind_iommufd = vfio_iommufd_physical_bind,
    .unbind_iommufd = vfio_iommufd_physical_unbind,
    .attach_ioas = vfio_iommufd_physical_attach_ioas,
#endif
};

static int lab_probe(struct pci_dev *device, const struct pci_device_id *id)
{
    struct vfio_pci_core_device *core;
    int result;

    if (refuse)
        return -refuse;
    core = vfio_alloc_device(vfio_pci_core_device, vdev, &device->dev, &lab_ops);
    if (IS_ERR(core))
        return PTR_ERR(core);
    dev_set_drvdata(&device->dev, core);
    result = vfio_pci_core_register_device(core);
    if (result)
        vfio_put_device(&core->vdev);
    return result;
}

static void lab_remove(struct pci_dev *device)
{
    struct vfio_pci_core_device *core = dev_get_drvdata(&device->dev);

    vfio_pci_core_unregister_device(core);
    vfio_put_device(&core->vdev);
}

static const struct pci_device_id lab_ids[] = {{PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x8086, 0x10d3)}, {}};
MODULE_DEVICE_TABLE(pci, lab_ids);

static struct pci_driver lab_driver = {
    .name = "lab-vfio-pci",
    .id_table = lab_ids,
    .probe = lab_probe,
    .remove = lab_remove,
    .err_handler = &vfio_pci_core_err_handlers,
    .driver_managed_dma = true,
};
module_pci_driver(lab_driver);

MODULE_DESCRIPTION("A VFIO variant driver, to test those who choose one");
MODULE_LICENSE("GPL");
