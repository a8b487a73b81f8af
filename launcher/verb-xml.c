/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/tune.h"
#include "vfio/error.h"

#include <stdio.h>
#include <unistd.h>

/* libvirt is asked where that cannot ask the user for a password. */
static VvConnection *find_connection(VvContext *context)
{
    g_autoptr(GError) problem = NULL;
    VvConnection *connection = NULL;

    if (context->uri || (geteuid() == 0 && !context->sysroot))
        connection = vv_context_connection(context, &problem);
    if (!connection)
        fprintf(stderr, "virt-vfio: not looked up: what libvirt and QEMU can do here (%s)\n",
                problem ? problem->message : "needs root, or --connect");
    return connection;
}

int vv_verb_xml(VvContext *context, char **words, GError **error)
{
    g_autoptr(VvVm) vm = vv_load_vm(words[0], error);
    if (!vm)
        return VV_ERROR_USAGE;

    /* The devices may be somewhere else; what this host knows is used, and what it does not is taken at its
     * word. */
    VvHost *host = vv_context_host(context, NULL);
    g_autoptr(GError) problem = NULL;
    gboolean here = host && vv_vm_resolve(vm, host, &problem);
    if (!here) {
        if (!vv_vm_resolve(vm, NULL, error))
            return VV_ERROR_USAGE;
        fprintf(stderr, "virt-vfio: not checked against this host: %s\n",
                problem ? problem->message : "it shows no PCI devices");
        fprintf(stderr, "virt-vfio: not looked up: the devices' identities, their NUMA nodes and memory, the "
                        "host's CPUs and huge pages\n");
    }
    VvConnection *connection = find_connection(context);
    g_autofree char *stored = connection ? vv_connection_domain_xml(connection, vm->name, NULL) : NULL;
    g_clear_error(&problem);
    g_autoptr(VvTuning) tuning = vv_tune(context, connection, vm, here, stored, &problem);
    if (!tuning) {
        fprintf(stderr, "virt-vfio: not looked up: what libvirt and QEMU can do here (%s)\n",
                problem->message);
        tuning = vv_tune(context, NULL, vm, here, NULL, NULL);
    }
    g_autofree char *xml = vv_domain_xml_build(vm, tuning);
    fputs(xml, stdout);
    return 0;
}
