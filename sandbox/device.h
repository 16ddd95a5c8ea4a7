/* Devices of the guest's tree (layer 4): what each is, by its number. The standard streams are
 * three of them; descriptors 0, 1 and 2 and the files in /dev name the same. */
#ifndef RP_SANDBOX_DEVICE_H
#define RP_SANDBOX_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

enum rp_device_number {
#define RP_DEVICE(NAME, number, name, source, sink) RP_DEVICE_##NAME = (number),
#include "sandbox/device.def"
#undef RP_DEVICE
};

enum rp_device_source {
    RP_SOURCE_NONE,
    RP_SOURCE_END,
    RP_SOURCE_ZEROS,
    RP_SOURCE_RANDOM,
    RP_SOURCE_INPUT,
};

enum rp_device_sink {
    RP_SINK_NONE,
    RP_SINK_DROP,
    RP_SINK_FULL,
    RP_SINK_OUTPUT,
    RP_SINK_ERRORS,
};

struct rp_device {
    uint32_t number;
    const char *name; /* below /dev */
    enum rp_device_source source;
    enum rp_device_sink sink;
};

#define RP_DEVICE_COUNT 8u

/* In order of their numbers, which are 1 to RP_DEVICE_COUNT. */
extern const struct rp_device rp_devices[RP_DEVICE_COUNT];

/* The number must be one of a device. */
const struct rp_device *rp_device_get(uint32_t number);
/* Standard input, output or error: without an offset. */
bool rp_device_is_stream(const struct rp_device *device);

#endif
