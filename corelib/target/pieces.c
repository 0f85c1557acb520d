/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "target/private.h"

bool pieces_add(struct pieces *p, struct file_piece piece)
{
	if (!piece.len)
		return true;
	if (piece.file->map)
		piece.host = piece.file->map + piece.offset;
	return vec_push(&p->list, piece);
}

static int by_start(const void *a, const void *b)
{
	const struct file_piece *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

uint64_t pieces_sort(struct pieces *p)
{
	uint64_t total = 0;
	size_t n = 0;

	if (p->list.n)
		qsort(p->list.items, p->list.n, sizeof(p->list.items[0]), by_start);
	for (size_t i = 0; i < p->list.n; i++) {
		struct file_piece next = p->list.items[i], *last = n ? &p->list.items[n - 1] : NULL;
		uint64_t over = last && next.start - last->start < last->len ?
					last->len - (next.start - last->start) : 0;

		if (over >= next.len)
			continue;
		next.start += over;
		next.offset += over;
		next.len -= over;
		if (next.host)
			next.host += over;
		total += next.len;
		if (last && last->start + last->len == next.start && last->file == next.file &&
		    last->offset + last->len == next.offset && !last->zero_tail) {
			last->len += next.len;
			last->zero_tail = next.zero_tail;
		} else {
			p->list.items[n++] = next;
		}
	}
	p->list.n = n;
	return total;
}

const struct file_piece *pieces_at(const struct pieces *p, uint64_t addr)
{
	size_t n = COUNT_BEFORE(p->list.n, i, p->list.items[i].start <= addr);

	if (!n || addr - p->list.items[n - 1].start >= p->list.items[n - 1].len)
		return NULL;
	return &p->list.items[n - 1];
}

const struct file_piece *pieces_from(const struct pieces *p, uint64_t addr)
{
	const struct file_piece *piece = pieces_at(p, addr);
	size_t next = COUNT_BEFORE(p->list.n, i, p->list.items[i].start < addr);

	if (piece)
		return piece;
	return next < p->list.n ? &p->list.items[next] : NULL;
}

uint64_t pieces_skip(const struct pieces *p, uint64_t addr, uint64_t end)
{
	while (addr < end) {
		const struct file_piece *piece = pieces_from(p, addr);
		uint64_t at, data;

		if (!piece)
			return end;
		if (addr < piece->start)
			addr = piece->start;
		at = piece->offset + (addr - piece->start);
		if (addr >= end || !piece->file->open)
			break;
		data = file_data_from(piece->file, at);
		if (data - at < piece->len - (addr - piece->start)) {
			addr += data - at;
			break;
		}
		if (__builtin_add_overflow(piece->start, piece->len, &addr))
			return end;
	}
	return addr < end ? addr : end;
}

static size_t read_one(const struct file_piece *p, uint64_t at, void *buf, size_t len)
{
	size_t n;

	if (len > p->len - at)
		len = (size_t)(p->len - at);
	if (p->host) {
		memcpy(buf, p->host + at, len);
		return len;
	}
	n = file_read(p->file, p->offset + at, buf, len);
	if (n < len && p->zero_tail && p->offset + at + n >= p->file->size) {
		memset((char *)buf + n, 0, len - n);
		n = len;
	}
	return n;
}

size_t pieces_read(const struct pieces *p, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const struct file_piece *piece = pieces_at(p, addr + done);
		size_t n;

		if (!piece)
			break;
		n = read_one(piece, addr + done - piece->start, (char *)buf + done, len - done);
		if (!n)
			break;
		done += n;
	}
	return done;
}
