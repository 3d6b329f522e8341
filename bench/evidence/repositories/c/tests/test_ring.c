#include <stdio.h>

#include "ring.h"

static int number, failed;

static void check(bool ok, const char *title)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++number, title);
    failed += !ok;
}

int main(void)
{
    struct ring ring = {0};
    unsigned char byte = 0;
    printf("1..4\n");
    check(!ring_take(&ring, &byte), "an empty ring gives nothing");
    check(ring_put(&ring, 1) && ring_take(&ring, &byte) && byte == 1, "a byte comes back");
    bool all = true;
    for (unsigned char i = 0; i < RING_ROOM; i++)
        all = ring_put(&ring, (unsigned char)(10 + i)) && all;
    check(all && !ring_put(&ring, 99), "it takes as many bytes as it has room for");
    all = true;
    for (unsigned char i = 0; i < RING_ROOM; i++)
        all = ring_take(&ring, &byte) && byte == 10 + i && all;
    check(all, "the bytes come back in order, also past the end of its room");
    return failed ? 1 : 0;
}
