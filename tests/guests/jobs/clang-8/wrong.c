/* Two mistakes that the compiler must name. */
int twice(int n);
int main(void)
{
    int count = "text" * 2;
    return twice(count, missing;
}
