/* Sphere tracing of n by n rays in single precision: f32 arithmetic, square roots, min and max. */
#include "kernel.h"

struct vector {
    float x, y, z;
};

static float min(float a, float b)
{
    return a < b ? a : b;
}

static float max(float a, float b)
{
    return a > b ? a : b;
}

static float length(struct vector v)
{
    return __builtin_sqrtf(v.x * v.x + v.y * v.y + v.z * v.z);
}

/* Distance to a floor, a ball and a rounded box. */
static float distance(struct vector p)
{
    float ball = length((struct vector){p.x - 0.75f, p.y - 0.25f, p.z - 3.0f}) - 0.75f;
    float qx = max(__builtin_fabsf(p.x + 0.75f) - 0.375f, 0.0f);
    float qy = max(__builtin_fabsf(p.y) - 0.5f, 0.0f);
    float qz = max(__builtin_fabsf(p.z - 2.5f) - 0.375f, 0.0f);
    float box = length((struct vector){qx, qy, qz}) - 0.125f;
    return min(min(ball, box), p.y + 0.75f);
}

static uint32_t trace(float x, float y)
{
    float scale = 1.0f / __builtin_sqrtf(x * x + y * y + 1.0f);
    float far = 0.0f;
    for (uint32_t steps = 0; steps < 64; steps++) {
        float near = distance((struct vector){x * scale * far, y * scale * far, scale * far});
        if (near < 0.001f) {
            return steps << 8 | (uint32_t)(int32_t)(far * 16.0f);
        }
        far += near;
        if (far > 12.0f) {
            break;
        }
    }
    return 0;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, 4096);
    uint64_t sum = 0;
    for (int32_t row = 0; row < n; row++) {
        for (int32_t column = 0; column < n; column++) {
            float x = 2.0f * (float)column / (float)n - 1.0f,
                  y = 1.0f - 2.0f * (float)row / (float)n;
            sum = kernel_mix(sum, trace(x, y));
        }
    }
    return (int64_t)sum;
}
