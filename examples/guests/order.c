/* Asks the world for two prices and adds them up; the answers may take days. */

#define EXPORT(name) __attribute__((export_name(name)))

__attribute__((import_module("world"), import_name("price"))) long long price(int article);

EXPORT("total") long long total(int first, int second)
{
    long long sum = price(first);
    sum += price(second);
    return sum;
}
