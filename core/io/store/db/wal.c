/* wal.c: is the write-ahead log whole? SQLite ends a log at the first frame whose checksum is
 * wrong: so it is meant for a commit that the power cut off. Of such commits there can be one,
 * because each is synced before the next one begins. When more commits follow, what is damaged had
 * been acknowledged, and to go on would lose it without a word.
 *
 * A frame's checksum goes on from the one that is stored in the frame before, so that each can be
 * verified by itself. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/store/db/db.h"

#define HEADER     32
#define FRAME      24
#define PAGE_MAX   65536
#define MAGIC      0x377f0682u /* and 1: words of the checksums are big-endian */
#define SUM_HEADER 24          /* bytes of the header before its checksum */
#define SUM_FRAME  8

struct sum {
    uint32_t a, b;
};

struct wal {
    int fd;
    uint32_t page;
    bool big;
    unsigned char header[HEADER], frame[FRAME + PAGE_MAX];
    int64_t broken, after; /* the first damaged frame, 0: none; commits behind it */
    bool headless;         /* the header itself is damaged */
    int64_t last;          /* the last commit that is whole */
};

static uint32_t word(const unsigned char *at, bool big)
{
    return big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
               : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static struct sum add(struct sum sum, const unsigned char *bytes, size_t len, bool big)
{
    for (size_t i = 0; i < len; i += 8) {
        sum.a += word(bytes + i, big) + sum.b;
        sum.b += word(bytes + i + 4, big) + sum.a;
    }
    return sum;
}

static struct sum stored(const unsigned char *at)
{
    return (struct sum){word(at, true), word(at + 4, true)};
}

static bool same(struct sum x, struct sum y)
{
    return x.a == y.a && x.b == y.b;
}

static bool read_header(struct wal *wal)
{
    if (pread(wal->fd, wal->header, HEADER, 0) != HEADER)
        return false;
    wal->big = word(wal->header, true) & 1;
    wal->page = word(wal->header + 8, true);
    struct sum sum = add((struct sum){0}, wal->header, SUM_HEADER, wal->big);
    wal->headless = !same(sum, stored(wal->header + SUM_HEADER)) ||
                    (word(wal->header, true) & ~1u) != MAGIC;
    if (wal->headless) { // as this program writes it
        const uint16_t one = 1;
        wal->big = *(const unsigned char *)&one == 0;
        wal->page = 4096;
    }
    return wal->page >= 512 && wal->page <= PAGE_MAX && (wal->page & (wal->page - 1)) == 0;
}

static bool read_frame(struct wal *wal, int64_t index)
{
    size_t size = FRAME + wal->page;
    return pread(wal->fd, wal->frame, size, HEADER + (index - 1) * (int64_t)size) == (ssize_t)size;
}

static bool is_whole(const struct wal *wal, struct sum before)
{
    struct sum sum = add(before, wal->frame, SUM_FRAME, wal->big);
    return same(add(sum, wal->frame + FRAME, wal->page, wal->big), stored(wal->frame + 16));
}

/* Frames of this log, not of one before it at the same place. */
static bool is_ours(const struct wal *wal, const unsigned char salts[8])
{
    return memcmp(wal->frame + 8, salts, 8) == 0;
}

static void scan(struct wal *wal)
{
    unsigned char salts[8];
    struct sum before = stored(wal->header + SUM_HEADER);
    memcpy(salts, wal->header + 16, sizeof salts);
    for (int64_t i = 1; read_frame(wal, i); i++) {
        if (i == 1 && wal->headless)
            memcpy(salts, wal->frame + 8, sizeof salts);
        bool ours = is_ours(wal, salts), whole = ours && is_whole(wal, before);
        if (whole && word(wal->frame + 4, true) != 0) {
            wal->last = i;
            wal->after += wal->broken != 0;
        }
        if (!whole && !wal->broken)
            wal->broken = i;
        before = stored(wal->frame + 16);
    }
}

/* A header may be cut off by a power failure when the log begins anew: all of it was copied before.
 * So its newest page is in the database. */
static bool is_copied(struct wal *wal, const char *path)
{
    unsigned char page[PAGE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool copied = fd >= 0 && read_frame(wal, wal->last) &&
                  pread(fd, page, wal->page, ((int64_t)word(wal->frame, true) - 1) * wal->page) ==
                      (ssize_t)wal->page &&
                  memcmp(page, wal->frame + FRAME, wal->page) == 0;
    if (fd >= 0)
        close(fd);
    return copied;
}

static bool is_damaged(struct wal *wal, const char *path)
{
    wal->broken = wal->after = wal->last = 0;
    if (!read_header(wal))
        return false;
    scan(wal);
    return wal->headless ? wal->last > 0 && !is_copied(wal, path) : wal->after > 1;
}

static int tell(const struct wal *wal, struct err *err)
{
    if (wal->headless)
        err_set(err, ERR_STORE_CORRUPT, "the head of the write-ahead log is damaged");
    else
        err_set(err, ERR_STORE_CORRUPT,
                "the write-ahead log is damaged at frame %lld, %lld commits follow",
                (long long)wal->broken, (long long)wal->after);
    err_fix(err,
            "restore .orket/ from a backup (orket restore DIR), or go on without what the log had: "
            "orket restore --accept-loss");
    return ERR_STORE_CORRUPT;
}

int wal_check(const char *path, struct err *err)
{
    struct buf name = {0};
    buf_printf(&name, "%s-wal", path);
    struct wal *wal = buf_ok(&name) ? malloc(sizeof *wal) : NULL;
    int rc = 0;
    if (wal) {
        wal->fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        /* Beside a writer a frame may be looked at too early: it is whole the next time. */
        if (wal->fd >= 0 && is_damaged(wal, path) && is_damaged(wal, path))
            rc = tell(wal, err);
        if (wal->fd >= 0)
            close(wal->fd);
    }
    free(wal);
    buf_clear(&name);
    return rc;
}
