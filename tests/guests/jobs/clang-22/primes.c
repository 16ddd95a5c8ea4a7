/* Primes by a sieve, a sort through a function pointer, floats, 64-bit division, a file written and read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 2000

static int compare_down(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

int main(int argc, char **argv)
{
    static char composite[LIMIT];
    int primes[LIMIT], count = 0;
    for (int i = 2; i < LIMIT; i++) {
        if (!composite[i]) {
            primes[count++] = i;
            for (int j = i * i; j < LIMIT; j += i) {
                composite[j] = 1;
            }
        }
    }
    qsort(primes, (size_t)count, sizeof primes[0], compare_down);
    printf("%d primes, the largest %d, %d arguments, last %s\n", count, primes[0], argc, argv[argc - 1]);
    double sum = 0;
    unsigned long long product = 1;
    for (int i = 0; i < count; i++) {
        sum += 1.0 / primes[i];
        product = product * (unsigned)primes[i] % 1000000007ull;
    }
    printf("%.17g %llu %s\n", sum, product, strchr("a=b", '='));
    FILE *file = fopen("/job/primes.txt", "w");
    if (file == NULL) {
        perror("/job/primes.txt");
        return 1;
    }
    for (int i = count - 1; i >= 0; i--) {
        fprintf(file, "%d\n", primes[i]);
    }
    fclose(file);
    fflush(stdout);
    return 42;
}
