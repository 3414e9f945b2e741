/* SPDX-License-Identifier: MIT */
/*
 * What a peer said, in an XML document of ours: all of it is escaped and made valid UTF-8, since
 * one stray byte and a phone throws the whole document away.
 */
#ifndef LAMPYRID_SIP_XML_PRINT_H
#define LAMPYRID_SIP_XML_PRINT_H

#include "base/buf.h"

/* As the text of an element. What XML cannot hold becomes '?'. */
void xml_text_print(struct buf *buf, struct slice plain);

/* `name` with the space before it and all up to the value: " id=\"". */
void xml_attribute_print(struct buf *buf, struct slice name, struct slice value);
void xml_attribute_print_unless_empty(struct buf *buf, struct slice name, struct slice value);

#endif
