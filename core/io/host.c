/* host.c: the files of /proc, statvfs, the driver's files of AMD's graphics processors, the library
 * of NVIDIA's where there is one. */
#include "io/host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"

#define TEXT_MAX 8192
#define GPUS_MAX 16
#define NVML     "libnvidia-ml.so.1"

/* Reads the beginning of a file; "" when it is not there. */
static const char *read_text(const char *path, char text[TEXT_MAX])
{
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, TEXT_MAX - 1, file) : 0;
    text[len] = '\0';
    if (file)
        fclose(file);
    return text;
}

/* The number behind `name` in the text, or -1. */
static double number_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    double value;
    return at && sscanf(at + strlen(name), " %lf", &value) == 1 ? value : -1;
}

static size_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* ---- the process, the machine, the disk ---- */

static void put_process(struct buf *out)
{
    char text[TEXT_MAX];
    double tick = (double)sysconf(_SC_CLK_TCK), user = 0, kernel = 0, began = 0;
    long rss = 0, threads = 0;
    const char *stat = strrchr(read_text("/proc/self/stat", text), ')'); // a name has any bytes
    if (!stat || sscanf(stat + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf %*d %*d %*d %*d %ld "
                        "%*d %lf %*u %ld",
                        &user, &kernel, &threads, &began, &rss) != 5)
        return;
    double boot = number_of(read_text("/proc/stat", text), "\nbtime");
    size_t files = count_entries("/proc/self/fd");
    buf_printf(out, "\"process\":{\"cpu\":%.2f,\"rss\":%ld,\"threads\":%ld,\"files\":%zu",
               (user + kernel) / tick, rss * sysconf(_SC_PAGESIZE), threads, files);
    if (boot > 0)
        buf_printf(out, ",\"began\":%.2f", boot + began / tick);
    buf_puts(out, "},");
}

static void put_machine(struct buf *out)
{
    char text[TEXT_MAX];
    double tick = (double)sysconf(_SC_CLK_TCK), load = 0;
    unsigned long long t[8] = {0}; // user nice system idle iowait irq softirq steal
    sscanf(read_text("/proc/stat", text), "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0],
           &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
    double busy = (double)(t[0] + t[1] + t[2] + t[5] + t[6] + t[7]), idle = (double)(t[3] + t[4]);
    sscanf(read_text("/proc/loadavg", text), "%lf", &load);
    buf_printf(out, "\"host\":{\"cpus\":%ld,\"cpu_busy\":%.2f,\"cpu_idle\":%.2f,\"load\":%.2f",
               sysconf(_SC_NPROCESSORS_ONLN), busy / tick, idle / tick, load);
    double all = number_of(read_text("/proc/meminfo", text), "MemTotal:");
    double available = number_of(text, "MemAvailable:");
    if (all > 0 && available >= 0)
        buf_printf(out, ",\"memory\":%.0f,\"memory_available\":%.0f", all * 1024, available * 1024);
    buf_puts(out, "},");
}

static void put_disk(struct buf *out, const char *dir)
{
    struct statvfs disk;
    if (statvfs(dir, &disk))
        return;
    buf_printf(out, "\"disk\":{\"size\":%llu,\"free\":%llu},",
               (unsigned long long)disk.f_blocks * disk.f_frsize,
               (unsigned long long)disk.f_bavail * disk.f_frsize);
}

/* ---- graphics processors ---- */

static void put_gpu(struct buf *out, const char *name, double busy, double all, double used)
{
    if (out->len && out->data[out->len - 1] == '}')
        buf_putc(out, ',');
    buf_puts(out, "{\"name\":");
    json_write_string(out, name, strlen(name));
    buf_printf(out, ",\"busy\":%.2f,\"memory\":%.0f,\"memory_used\":%.0f}", busy, all, used);
}

static double driver_number(int card, const char *file)
{
    char path[128], text[TEXT_MAX];
    double value;
    snprintf(path, sizeof path, "/sys/class/drm/card%d/device/%s", card, file);
    return sscanf(read_text(path, text), "%lf", &value) == 1 ? value : -1;
}

static void put_amd(struct buf *out)
{
    for (int card = 0; card < GPUS_MAX; card++) {
        double busy = driver_number(card, "gpu_busy_percent");
        char name[16];
        snprintf(name, sizeof name, "card%d", card);
        if (busy >= 0)
            put_gpu(out, name, busy / 100, driver_number(card, "mem_info_vram_total"),
                    driver_number(card, "mem_info_vram_used"));
    }
}

/* What is called of NVIDIA's library, as its header has it. */
struct nvml_memory {
    unsigned long long total, free, used;
};
struct nvml_busy {
    unsigned gpu, memory; /* percent */
};
struct nvml {
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *count);
    int (*handle)(unsigned index, void **device);
    int (*name)(void *device, char *name, unsigned len);
    int (*busy)(void *device, struct nvml_busy *busy);
    int (*memory)(void *device, struct nvml_memory *memory);
};

static bool load_nvml(void *library, struct nvml *nvml)
{
    const struct {
        const char *name;
        void *at;
    } symbols[] = {
        {"nvmlInit_v2", &nvml->init},
        {"nvmlShutdown", &nvml->shutdown},
        {"nvmlDeviceGetCount_v2", &nvml->count},
        {"nvmlDeviceGetHandleByIndex_v2", &nvml->handle},
        {"nvmlDeviceGetName", &nvml->name},
        {"nvmlDeviceGetUtilizationRates", &nvml->busy},
        {"nvmlDeviceGetMemoryInfo", &nvml->memory},
    };
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol)
            return false;
        memcpy(symbols[i].at, &symbol, sizeof symbol);
    }
    return true;
}

static void put_nvidia(struct buf *out)
{
    void *library = dlopen(NVML, RTLD_NOW | RTLD_LOCAL), *device;
    struct nvml nvml;
    unsigned count = 0;
    if (!library || !load_nvml(library, &nvml) || nvml.init()) {
        if (library)
            dlclose(library);
        return;
    }
    if (nvml.count(&count))
        count = 0;
    for (unsigned i = 0; i < count && i < GPUS_MAX; i++) {
        char name[96] = "";
        struct nvml_busy busy = {0};
        struct nvml_memory memory = {0};
        if (nvml.handle(i, &device) || nvml.busy(device, &busy) || nvml.memory(device, &memory))
            continue;
        int len = snprintf(name, sizeof name, "%u ", i);
        if (nvml.name(device, name + len, (unsigned)(sizeof name - (size_t)len)))
            name[len - 1] = '\0';
        put_gpu(out, name, busy.gpu / 100.0, (double)memory.total, (double)memory.used);
    }
    nvml.shutdown();
    dlclose(library);
}

int host_sample(const char *dir, struct buf *out, struct err *err)
{
    buf_putc(out, '{');
    put_process(out);
    put_machine(out);
    put_disk(out, dir);
    buf_puts(out, "\"gpus\":[");
    put_amd(out);
    put_nvidia(out);
    buf_puts(out, "]}");
    return buf_ok(out) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}
