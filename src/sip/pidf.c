/* SPDX-License-Identifier: MIT */
/*
 * Printing presence documents. Softphones differ in where they look: pjsip takes the first activity
 * and knows "busy" but not "on-the-phone"; some read the note of the person, some of the tuple. So
 * "busy" stands first, and the note twice.
 */
#include "sip/pidf.h"

#include "sip/xml_print.h"

static void note_print(struct buf *buf, struct slice element, struct slice note)
{
	if (note.n == 0)
		return;
	buf_char(buf, '<');
	buf_slice(buf, element);
	buf_char(buf, '>');
	xml_text_print(buf, note);
	buf_lit(buf, "</");
	buf_slice(buf, element);
	buf_lit(buf, ">\n");
}

static void tuple_print(struct buf *buf, const struct pidf *pidf)
{
	buf_lit(buf, "<tuple id=\"phone\">\n<status><basic>");
	buf_slice(buf, pidf->is_open ? SLICE("open") : SLICE("closed"));
	buf_lit(buf, "</basic></status>\n");
	if (pidf->contact.n > 0) {
		buf_lit(buf, "<contact>");
		xml_text_print(buf, pidf->contact);
		buf_lit(buf, "</contact>\n");
	}
	note_print(buf, SLICE("note"), pidf->note);
	buf_lit(buf, "</tuple>\n");
}

static void activities_print(struct buf *buf, enum pidf_activity activity)
{
	switch (activity) {
	case PIDF_IDLE:
		break;
	case PIDF_BUSY:
		buf_lit(buf, "<rpid:activities><rpid:busy/></rpid:activities>\n");
		break;
	case PIDF_ON_THE_PHONE:
		buf_lit(buf,
			"<rpid:activities><rpid:busy/><rpid:on-the-phone/></rpid:activities>\n");
		break;
	}
}

void pidf_print(struct buf *buf, const struct pidf *pidf)
{
	buf_lit(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"\n"
		     " xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\"\n"
		     " xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\"");
	xml_attribute_print(buf, SLICE(" entity=\""), pidf->entity);
	buf_lit(buf, ">\n");
	tuple_print(buf, pidf);
	buf_lit(buf, "<dm:person id=\"person\">\n");
	activities_print(buf, pidf->activity);
	note_print(buf, SLICE("dm:note"), pidf->note);
	buf_lit(buf, "</dm:person>\n</presence>\n");
}
