/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid ctl lamp`: why a key shows what it shows, in plain words.
 */
#ifndef LAMPYRID_CMD_CTL_LAMP_H
#define LAMPYRID_CMD_CTL_LAMP_H

#include "base/slice.h"

#include <stdio.h>

/* The rows of an answer to `lamp`: the extension's, and one for each who watches or was asked for.
 */
void ctl_lamp_print(FILE *file, const struct slice *rows, size_t row_count);

#endif
