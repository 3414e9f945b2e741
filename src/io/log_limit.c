/* SPDX-License-Identifier: MIT */
/*
 * What a stranger can make happen as often as he likes must not fill the log: of each such kind of
 * line ten pass in a second, and then one line says how many did not.
 */
#include "io/host_inner.h"

#define LINES_PER_SECOND 10
#define WINDOW_MS 1000

static const char *const kinds[HOST_LOG_KINDS] = {
	[HOST_LOG_CLOSED] = "connection-closed",
	[HOST_LOG_REFUSED] = "connection-refused",
	[HOST_LOG_DROPPED] = "datagrams-dropped",
};

static void on_window_over(struct timer *timer)
{
	struct log_limit *limit = CONTAINER_OF(timer, struct log_limit, timer);
	char text[96];
	struct buf buf = BUF_ON(text);

	buf_lit(&buf, "event=lines-withheld kind=");
	buf_cstr(&buf, kinds[limit->kind]);
	buf_lit(&buf, " count=");
	buf_u64(&buf, limit->withheld);
	limit->withheld = 0;
	limit->told = 0;
	host_log(limit->host, buf_text(&buf));
}

void log_limits_init(struct host *host)
{
	for (int i = 0; i < HOST_LOG_KINDS; i++)
		host->log_limits[i] =
			(struct log_limit){ .host = host, .kind = (enum host_log_kind)i };
}

bool host_may_log(struct host *host, enum host_log_kind kind)
{
	struct log_limit *limit = &host->log_limits[kind];
	uint64_t now_ms = host->conn_timers.now_ms;

	if (!limit->timer.is_running && now_ms - limit->since_ms >= WINDOW_MS)
		limit->told = 0;
	if (limit->told == 0)
		limit->since_ms = now_ms;
	if (limit->told < LINES_PER_SECOND) {
		limit->told++;
		return true;
	}
	limit->withheld++;
	if (!limit->timer.is_running)
		timer_start(&host->conn_timers, &limit->timer, limit->since_ms + WINDOW_MS - now_ms,
			    on_window_over);
	return false;
}

void host_log_often(struct host *host, enum host_log_kind kind, struct slice line)
{
	if (host_may_log(host, kind))
		host_log(host, line);
}
