/* SPDX-License-Identifier: MIT */
/*
 * Expat's memory out of base/mem.h, so that it is counted and can be refused like all other.
 */
#ifndef LAMPYRID_XML_EXPAT_MEM_H
#define LAMPYRID_XML_EXPAT_MEM_H

#include <expat.h>

/* For XML_ParserCreate_MM(). */
extern const XML_Memory_Handling_Suite expat_mem_suite;

#endif
