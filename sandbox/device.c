/* Devices of the guest's tree (layer 4). */
#include "sandbox/device.h"

#include "core/assert.h"

const struct rp_device rp_devices[RP_DEVICE_COUNT] = {
#define RP_DEVICE(NAME, device_number, device_name, device_source, device_sink) \
    {.number = (device_number),                                                 \
     .name = (device_name),                                                     \
     .source = RP_SOURCE_##device_source,                                       \
     .sink = RP_SINK_##device_sink},
#include "sandbox/device.def"
#undef RP_DEVICE
};

const struct rp_device *rp_device_get(uint32_t number)
{
    RP_ASSERT(number >= 1 && number <= RP_DEVICE_COUNT);
    const struct rp_device *device = &rp_devices[number - 1];
    RP_ASSERT(device->number == number);
    return device;
}

bool rp_device_is_stream(const struct rp_device *device)
{
    return device->source == RP_SOURCE_INPUT || device->sink == RP_SINK_OUTPUT ||
           device->sink == RP_SINK_ERRORS;
}
