/* Small enough to be read in the object: one function with a loop, one call, one global. */
int scale = 3;

int triangle(int n)
{
    int sum = 0;
    while (n > 0) {
        sum += n;
        n--;
    }
    return sum;
}

int scaled(int n)
{
    return scale * triangle(n) + 1;
}
