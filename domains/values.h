/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The values of a VM file. Each reads `text` into `field`, whose type it names, and leaves it untouched on
 * failure. Errors are VV_ERROR_USAGE and say what would be right; the caller puts file and key before. */
typedef gboolean (*VvValueFn)(const char *text, gpointer field, GError **error);

gboolean vv_value_text(const char *text, gpointer field, GError **error);      /* char * */
gboolean vv_value_name(const char *text, gpointer field, GError **error);      /* char * */
gboolean vv_value_path(const char *text, gpointer field, GError **error);      /* char * */
gboolean vv_value_uuid(const char *text, gpointer field, GError **error);      /* char *, lower case */
gboolean vv_value_rom(const char *text, gpointer field, GError **error);       /* char * */
gboolean vv_value_format(const char *text, gpointer field, GError **error);    /* char * */
gboolean vv_value_bus(const char *text, gpointer field, GError **error);       /* char * */
gboolean vv_value_bridge(const char *text, gpointer field, GError **error);    /* char * */
gboolean vv_value_mac(const char *text, gpointer field, GError **error);       /* char *, lower case */
gboolean vv_value_cpu(const char *text, gpointer field, GError **error);       /* char * */
gboolean vv_value_model(const char *text, gpointer field, GError **error);     /* char * */
gboolean vv_value_yes_no(const char *text, gpointer field, GError **error);    /* gboolean */
gboolean vv_value_memory(const char *text, gpointer field, GError **error);    /* guint64, KiB */
gboolean vv_value_cpus(const char *text, gpointer field, GError **error);      /* guint */
gboolean vv_value_os(const char *text, gpointer field, GError **error);        /* VvOs */
gboolean vv_value_firmware(const char *text, gpointer field, GError **error);  /* VvFirmware */
gboolean vv_value_accel(const char *text, gpointer field, GError **error);     /* VvAccel */
gboolean vv_value_selectors(const char *text, gpointer field, GError **error); /* GArray * of VvSelector */
gboolean vv_value_allow(const char *text, gpointer field, GError **error);     /* char ** */
