/* SPDX-License-Identifier: MIT */
/*
 * Reading and exchanging the origin of a description.
 */
#include "sip/sdp_origin.h"

#include "base/check.h"
#include "base/err.h"
#include "sip/sdp_line.h"

static int version_read(struct slice text, uint64_t *ret_version)
{
	uint64_t version = 0;

	if (slice_is_empty(text))
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.n; i++) {
		uint64_t digit = (uint64_t)(unsigned char)text.p[i] - '0';

		if (digit > 9 || version > (UINT64_MAX - digit) / 10)
			return ERR_SYNTAX;
		version = version * 10 + digit;
	}
	*ret_version = version;
	return 0;
}

static int value_read(struct slice value, struct sdp_origin *ret_origin)
{
	struct slice rest = value, user, id, version;

	if (!sdp_word_next(&rest, &user) || !sdp_word_next(&rest, &id) ||
	    !sdp_word_next(&rest, &version) || slice_is_empty(slice_trim(rest)) ||
	    version_read(version, &ret_origin->version))
		return ERR_SYNTAX;
	ret_origin->name = slice_of(user.p, (size_t)(id.p + id.n - user.p));
	ret_origin->place = slice_trim(rest);
	return 0;
}

/* Its value. */
static int line_find(struct slice description, struct slice *ret_value)
{
	struct sdp_line line;

	while (sdp_line_next(&description, &line) > 0) {
		if (line.type != 'o')
			continue;
		*ret_value = line.value;
		return 0;
	}
	return ERR_NOTFOUND;
}

int sdp_origin_read(struct slice description, struct sdp_origin *ret_origin)
{
	struct sdp_origin origin;
	struct slice value;
	int err = line_find(description, &value);

	if (!err)
		err = value_read(value, &origin);
	if (!err)
		*ret_origin = origin;
	return err;
}

void sdp_print_with_origin(struct buf *buf, struct slice description,
			   const struct sdp_origin *origin)
{
	struct slice value;
	int err = line_find(description, &value);

	CHECK(err == 0);
	buf_slice(buf, slice_of(description.p, (size_t)(value.p - description.p)));
	buf_slice(buf, origin->name);
	buf_char(buf, ' ');
	buf_u64(buf, origin->version);
	buf_char(buf, ' ');
	buf_slice(buf, origin->place);
	buf_slice(buf, slice_from(description, (size_t)(value.p + value.n - description.p)));
}
