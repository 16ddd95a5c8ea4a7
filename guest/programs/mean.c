/* Means of columns; the last column is empty. Shows a trap: an integer division by zero three calls
 * deep. */
#include <stdio.h>

struct column {
    const char *name;
    int count;
    int values[4];
};

__attribute__((noinline)) static int mean(const struct column *column)
{
    int sum = 0;
    for (int i = 0; i < column->count; i++) {
        sum += column->values[i];
    }
    return sum / column->count;
}

__attribute__((noinline)) static void print_means(const struct column *columns, int count)
{
    for (int i = 0; i < count; i++) {
        printf("%s: %d\n", columns[i].name, mean(&columns[i]));
        (void)fflush(stdout);
    }
}

int main(void)
{
    static const struct column columns[] = {
        {"height", 4, {170, 182, 164, 176}}, {"weight", 2, {70, 80}}, {"age", 0, {0}}};
    print_means(columns, 3);
    return 0;
}
