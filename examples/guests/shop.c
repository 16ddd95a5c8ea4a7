/* A contract that calls another one: it sells from its stock, and the bank moves the money. */

#define EXPORT(name) __attribute__((export_name(name)))
#define TILL 15
#define PRICE 25

/* Calls the bank's `transfer` with at most `gas`; 0: paid, 1: refused, and nothing was changed. */
__attribute__((import_module("ledger"), import_name("transfer"))) int ledger_transfer(
    unsigned from, unsigned to, long long amount, long long gas);

static unsigned stock = 10;
static unsigned refused;

/* Answers how many were sold. */
EXPORT("buy") unsigned buy(unsigned account, unsigned count)
{
    if (ledger_transfer(account, TILL, (long long)count * PRICE, 2000) != 0) {
        refused++;
        return 0;
    }
    if (count > stock) {
        __builtin_trap(); /* the money goes back with everything else */
    }
    stock -= count;
    return count;
}

EXPORT("stock") unsigned read_stock(void)
{
    return stock;
}

EXPORT("refused") unsigned read_refused(void)
{
    return refused;
}

/* Never comes back: what it costs is the whole limit. */
EXPORT("audit") unsigned audit(void)
{
    volatile unsigned turns = 0;
    for (;;) {
        turns++;
    }
}
