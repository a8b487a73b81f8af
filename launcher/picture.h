/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/report.h"

/* The PCI tree as a picture: SVG 1.1 (www.w3.org/TR/SVG11), UTF-8, complete and self-contained. Functions are
 * boxes (class "box" of a <g> with the id "pci-0000-01-00.0"), IOMMU groups the bands behind them. New
 * string.
 */
char *vv_picture_draw(const VvReport *report);

/* How wide a line of text can get, in pixels, whatever sans-serif font is there: by the widest common ones.
 */
double vv_picture_text_width(const char *text, double size, gboolean bold);

/* As much of it as fits, with an ellipsis where it is cut, never within a character: new string. */
char *vv_picture_fit(const char *text, double size, gboolean bold, double width);

/* The same on two lines, broken between words where there are any. New strings; the second can be "". */
void vv_picture_wrap(const char *text, double size, double width, char **ret_first, char **ret_second);
