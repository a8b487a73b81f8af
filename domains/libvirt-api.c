/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/libvirt-api.h"

#include "vfio/error.h"

#include <dlfcn.h>

/* libvirt prints errors by itself unless told not to. */
static void ignore_error(void *data, virErrorPtr problem)
{
    (void)data;
    (void)problem;
}

static gboolean load(VvLibvirt *libvirt, GError **error)
{
    void *library = dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "libvirt is not installed (%s); install libvirt and its QEMU driver, then start libvirtd",
                    dlerror());
        return FALSE;
    }
#define LOAD(name)                                                                                           \
    libvirt->name = (__typeof__(vir##name) *)dlsym(library, "vir" #name);                                    \
    if (!libvirt->name) {                                                                                    \
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "this libvirt is too old: it has no vir" #name);    \
        dlclose(library);                                                                                    \
        return FALSE;                                                                                        \
    }
    VV_LIBVIRT_FUNCTIONS(LOAD)
#undef LOAD
    libvirt->SetErrorFunc(NULL, ignore_error);
    return TRUE;
}

const VvLibvirt *vv_libvirt(GError **error)
{
    static VvLibvirt table;
    static gboolean loaded;

    loaded = loaded || load(&table, error);
    return loaded ? &table : NULL;
}

/* Several lines (a schema's complaints, a hook's stderr) are joined, without what a terminal would act on. */
static char *one_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autoptr(GString) line = g_string_new(NULL);

    for (const char *c = g_strstrip(valid); *c; c = g_utf8_next_char(c)) {
        gunichar letter = g_utf8_get_char(c);

        if (letter == '\n')
            g_string_append(line, "; ");
        else if (!g_unichar_iscntrl(letter))
            g_string_append_unichar(line, letter);
    }
    return g_string_free(g_steal_pointer(&line), FALSE);
}

void vv_libvirt_set_error(const VvLibvirt *libvirt, GError **error, int code, const char *format, ...)
{
    const virError *problem = libvirt->GetLastError();
    g_autofree char *why = one_line(problem && problem->message ? problem->message : "no reason given");
    g_autofree char *what = NULL;
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, code, "%s: %s", what, why);
}

virConnectPtr vv_libvirt_open(const VvLibvirt *libvirt, const char *uri, GError **error)
{
    virConnectPtr connect = libvirt->ConnectOpen(uri);
    g_autoptr(GError) problem = NULL;

    if (connect)
        return connect;
    vv_libvirt_set_error(libvirt, &problem, VV_ERROR_NOT_READY, "libvirt does not answer at %s", uri);
    g_set_error(
        error, VV_ERROR, VV_ERROR_NOT_READY,
        "%s; is it running ('systemctl start libvirtd', or virtqemud where there is no libvirtd), and may "
        "you use it (as root, or in the group libvirt)?",
        problem->message);
    return NULL;
}

virDomainPtr vv_libvirt_domain(const VvLibvirt *libvirt, virConnectPtr connect, const char *domain,
                               GError **error)
{
    virDomainPtr found = libvirt->DomainLookupByName(connect, domain);

    if (!found && g_uuid_string_is_valid(domain))
        found = libvirt->DomainLookupByUUIDString(connect, domain);
    if (!found)
        vv_libvirt_set_error(libvirt, error, VV_ERROR_FAILED, "%s", domain);
    return found;
}
