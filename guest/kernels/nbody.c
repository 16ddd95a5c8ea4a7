/* Five bodies under gravity, n symplectic steps: float division and square root. */
#include "kernel.h"

#define BODIES 5

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES];

static void place_bodies(void)
{
    for (int i = 0; i < BODIES; i++) {
        double d = 1.0 + 4.25 * i;
        bodies[i] = (struct body){.x = i == 0 ? 0 : d,
                                  .y = i == 0 ? 0 : 0.5 * i - 1.0,
                                  .z = 0.125 * i,
                                  .vx = i == 0 ? 0 : -0.5 / d,
                                  .vy = i == 0 ? 0 : 2.5 / d,
                                  .vz = 0.03125 * i,
                                  .mass = i == 0 ? 39.5 : 0.0390625 / (double)i};
    }
}

static void advance(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        struct body *p = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            struct body *q = &bodies[j];
            double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
            double square = dx * dx + dy * dy + dz * dz;
            double pull = dt / (square * __builtin_sqrt(square));
            p->vx -= dx * q->mass * pull;
            p->vy -= dy * q->mass * pull;
            p->vz -= dz * q->mass * pull;
            q->vx += dx * p->mass * pull;
            q->vy += dy * p->mass * pull;
            q->vz += dz * p->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    place_bodies();
    for (int32_t step = 0; step < n; step++) {
        advance(0.0009765625);
    }
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = kernel_mix(sum, kernel_bits(bodies[i].x));
        sum = kernel_mix(sum, kernel_bits(bodies[i].vz));
    }
    return (int64_t)sum;
}
