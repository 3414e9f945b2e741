/* SPDX-License-Identifier: MIT */
/*
 * A phone with one lamp key under test, and its server: what the server tells in NOTIFYs, what the
 * phone sends, and what it says in events.
 */
#ifndef LAMPYRID_TESTS_PHONE_RIG_H
#define LAMPYRID_TESTS_PHONE_RIG_H

#include "fake_peer.h"
#include "phone/phone.h"

#define RIG_EVENTS_MAX_BYTES 16384

struct phone_rig {
	struct fake_peer peer;
	struct phone phone;
	char call_id[64]; /* of the key's subscription */
	char tag[64];
	unsigned notify_cseq;
	char events[RIG_EVENTS_MAX_BYTES]; /* as JSON, a line each, since phone_rig_forget() */
	size_t events_n;
};

/* The AOR is sip:203@pbx.example.com, the server 192.0.2.1. `config` may be NULL or say more. */
void phone_rig_start(struct phone_rig *rig, const struct phone_config *config);

/* The same with key 1 watching `target`, subscribed to. */
void phone_rig_start_watching(struct phone_rig *rig, const char *target,
			      const struct phone_config *config);

/* Takes the SUBSCRIBE that was sent and answers it. */
void phone_rig_take_subscribe(struct phone_rig *rig);

/* Leaves nothing: no block of memory, no timer. */
void phone_rig_end(struct phone_rig *rig);

/* A NOTIFY with this document, which the phone must answer with 200. */
void phone_rig_notify(struct phone_rig *rig, const char *document);

/* The same of another event package or type. */
void phone_rig_notify_of(struct phone_rig *rig, const char *event, const char *type,
			 const char *document);

/* Forgets the events so far. */
void phone_rig_forget(struct phone_rig *rig);

/* The test fails unless an event since then is exactly this line. */
void phone_rig_expect(const struct phone_rig *rig, const char *json);

/* An INVITE from the server that is outside of all dialogs. */
void phone_rig_invite(struct phone_rig *rig, const char *call_id, const char *lines,
		      const char *sdp);

/* A request of the dialog that such an INVITE has begun. */
void phone_rig_send(struct phone_rig *rig, const char *method, unsigned cseq, const char *call_id,
		    const char *to_tag, const char *lines, const char *sdp);

/* An INVITE up to 180; the To tag. */
void phone_rig_ring(struct phone_rig *rig, const char *call_id, const char *sdp, char ret_tag[64]);

/* The same up to its ACK: a call that the phone has answered. */
void phone_rig_talk(struct phone_rig *rig, const char *call_id, char ret_tag[64]);

void phone_rig_expect_in_body(const struct sip_msg *msg, const char *text);

/* Alice, who calls, and what she describes. */
#define ALICE "\"remote\":\"sip:201@pbx.example.com\",\"display\":\"Alice\""
#define SDP                                                                                        \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.31\r\ns=-\r\nc=IN IP4 192.0.2.31\r\nt=0 0\r\n"              \
	"m=audio 4000 RTP/AVP 9 8 96\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"          \
	"a=rtpmap:96 telephone-event/8000\r\n"

/* Documents written after the servers of the field; {entity} is sip:202@pbx.example.com. */
#define DIALOG_INFO(version, state)                                                                \
	"<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "      \
	"version=\"" version "\" state=\"" state "\" entity=\"sip:202@pbx.example.com\">\n"
#define DIALOG_INFO_END "</dialog-info>\n"

/* pbxnsip: a call-id without tags, and who it is. */
#define PBXNSIP_DOCUMENT                                                                           \
	DIALOG_INFO("6", "full")                                                                   \
	"<dialog id=\"7d21aa90-x1\" call-id=\"7d21aa90-x1\" direction=\"recipient\">\n"            \
	"<state>early</state>\n"                                                                   \
	"<remote><identity>sip:201@pbx.example.com</identity>"                                     \
	"<target uri=\"sip:201@pbx.example.com\"/></remote>\n"                                     \
	"<local><identity>sip:202@pbx.example.com</identity>"                                      \
	"<target uri=\"sip:202@pbx.example.com\"/></local>\n"                                      \
	"</dialog>\n" DIALOG_INFO_END

/* Asterisk with a patch: no call-id, the remote target is the pick-up code. */
#define ASTERISK_PATCHED_DOCUMENT                                                                  \
	DIALOG_INFO("66", "full")                                                                  \
	"<dialog id=\"202\" direction=\"recipient\">\n"                                            \
	"<local><identity display=\"202\">202</identity>"                                          \
	"<target uri=\"sip:203@pbx.example.com\"/></local>\n"                                      \
	"<remote><identity display=\"\">sip:No Ext</identity>"                                     \
	"<target uri=\"sip:*8202@pbx.example.com\"/></remote>\n"                                   \
	"<state>early</state>\n</dialog>\n" DIALOG_INFO_END

/* Asterisk as it was: the lamp is all there is. */
#define ASTERISK_DOCUMENT                                                                          \
	DIALOG_INFO("169", "full")                                                                 \
	"<dialog id=\"mal\" "                                                                      \
	"direction=\"recipient\"><state>early</state></dialog>\n" DIALOG_INFO_END

/* Snom 4S: every dialog has the same id. */
#define SNOM_4S_DOCUMENT(version, state)                                                           \
	DIALOG_INFO(version, "full")                                                               \
	"<dialog id=\"dummy\" call-id=\"c1d0@192.0.2.113\" local-tag=\"l6yln\" "                   \
	"remote-tag=\"r9c85o0\" direction=\"recipient\"><state>" state                             \
	"</state><local><identity>sip:202@pbx.example.com</identity>"                              \
	"<target uri=\"sip:202@pbx.example.com\"/></local>"                                        \
	"<remote><identity>sip:201@pbx.example.com</identity>"                                     \
	"<target uri=\"sip:201@pbx.example.com\"/></remote></dialog>" DIALOG_INFO_END
#define SNOM_4S_IDLE_DOCUMENT(version) DIALOG_INFO(version, "full") DIALOG_INFO_END

/* innovaphone: no entity, no targets, the direction as it likes, `proceeding` once answered. */
#define INNOVAPHONE_DOCUMENT(version, state)                                                       \
	"<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "      \
	"state=\"full\" version=\"" version "\">\n"                                                \
	"<dialog id=\"1\" direction=\"initiator\" call-id=\"a7c30961f00900d6\">\n"                 \
	"<state>" state "</state>\n"                                                               \
	"<local><identity>sip:202@192.0.2.1</identity></local>\n"                                  \
	"<remote><identity>sip:211@192.0.2.1</identity></remote>\n"                                \
	"</dialog>\n" DIALOG_INFO_END

#endif
