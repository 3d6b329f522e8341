/* nvml.c: a machine with two graphics processors of NVIDIA, of which the second one fails: for the
 * spec of /metrics, in the place of libnvidia-ml.so.1. */
#include <stdio.h>

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device);
int nvmlDeviceGetName(void *device, char *name, unsigned len);
int nvmlDeviceGetUtilizationRates(void *device, unsigned percent[2]);
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long bytes[3]);

int nvmlInit_v2(void)
{
    return 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = 2;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    static int devices[2];
    *device = &devices[index];
    return index == 1 ? 15 : 0; // it fell off the bus
}

int nvmlDeviceGetName(void *device, char *name, unsigned len)
{
    (void)device;
    snprintf(name, len, "Card \"X\"");
    return 0;
}

int nvmlDeviceGetUtilizationRates(void *device, unsigned percent[2])
{
    (void)device;
    percent[0] = 75;
    percent[1] = 10;
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, unsigned long long bytes[3])
{
    (void)device;
    bytes[0] = 8ULL << 30; // total, free, used
    bytes[1] = 6ULL << 30;
    bytes[2] = 2ULL << 30;
    return 0;
}
