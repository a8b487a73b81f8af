/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/attach.h"
#include "domains/domxml.h"
#include "domains/xmledit.h"

/* What attach, detach and adopt share. Their XML was read by vv_domain_read() first, so numbers in it are
 * numbers. */

#define VV_QEMU_SCHEMA "http://libvirt.org/schemas/domain/qemu/1.0"

/* Sets VV_ERROR_REFUSED; FALSE, so that it can be returned. */
gboolean vv_attach_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* --- attach-nodes.c */

/* The PCI function of the host that this child of <devices> gives to the guest; FALSE: none. */
gboolean vv_attach_host(const xmlNode *node, VvAddress *ret);
/* Where it lies in the guest; FALSE: it does not say. */
gboolean vv_attach_guest(const xmlNode *node, VvAddress *ret);
/* The element with the attribute `managed` of such a child; NULL: it has none. */
const xmlNode *vv_attach_manager(const xmlNode *node);
/* Our <vv:domain>; NULL: none. */
xmlNode *vv_attach_own(const xmlNode *root);
/* The function that an element of ours is about. */
gboolean vv_attach_own_address(const xmlNode *own_child, VvAddress *ret);
/* <qemu:override> or NULL, and its <qemu:device> for an alias. */
xmlNode *vv_attach_override(const xmlNode *root);
xmlNode *vv_attach_override_device(const xmlNode *override, const char *alias);
/* The hostdev's alias: new string, NULL: none. */
char *vv_attach_alias(const xmlNode *hostdev);
gboolean vv_attach_is(const xmlNode *node, const char *name);

/* --- attach-place.c */

typedef struct {
    VvAddress address; /* of function 0 */
    gboolean new_port; /* address.bus is a root port that has to be made */
} VvGuestPlace;

/* Is it a machine whose PCI buses we know: x86, q35 or i440fx? VV_ERROR_REFUSED says what it is. */
gboolean vv_attach_machine(const xmlNode *root, gboolean *ret_pcie, GError **error);

/* A free slot, in the running guest (root of its XML, NULL: none) as well. */
gboolean vv_attach_place(const xmlNode *root, const xmlNode *live, const VvAttach *attach, VvGuestPlace *ret,
                         GError **error);

/* Does anything lie on this guest bus, but for the functions of the host in `without` (VvAddress)? */
gboolean vv_attach_bus_in_use(const xmlNode *devices, guint bus, const GArray *without);

/* --- attach-pieces.c: what is inserted, each a holder whose children are the pieces */

typedef struct {
    xmlDoc *doc;
    xmlNode *port; /* NULL: no new root port */
    xmlNode *hostdevs;
    xmlNode *own;       /* the children of <vv:domain> */
    xmlNode *overrides; /* the <qemu:device>s; NULL: none */
} VvPieces;

void vv_pieces_make(VvPieces *pieces, const VvAttach *attach, const VvGuestPlace *place);
void vv_pieces_clear(VvPieces *pieces);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VvPieces, vv_pieces_clear)

/* --- attach-made.c */

/* Which elements an edit made or opened to put something in, so that it can be undone when it is taken out:
 * kept in the attribute `made` of <vv:domain>. */
typedef enum {
    VV_MADE_METADATA,
    VV_MADE_DOMAIN,
    VV_MADE_OVERRIDE,
    VV_MADE_DEVICES,
    VV_MADE_COUNT
} VvMadeWhat;
typedef struct {
    VvXmlForm form[VV_MADE_COUNT];
} VvMade;

VvMade vv_made_read(const xmlNode *own);
/* New string; NULL: nothing was made. */
char *vv_made_text(const VvMade *made);

/* Puts `children` into <vv:domain>, last of all, which is made where there is none, and brings its `made` up
 * to date. */
void vv_made_add_own(VvXmlEdit *edit, xmlNode *children, VvMade *made);
/* Puts them into <devices>: behind the last element of that name, else at the end. */
void vv_made_add_devices(VvXmlEdit *edit, const char *behind, xmlNode *children, VvMade *made);
/* Puts them into <qemu:override>, which is made where there is none. */
void vv_made_add_overrides(VvXmlEdit *edit, xmlNode *children, VvMade *made);
/* After something was removed: takes away what was made for it alone. */
void vv_made_tidy(VvXmlEdit *edit);
